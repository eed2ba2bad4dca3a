// A file of the reader's own: it is uploaded at once as a private File, whose name is the value.

import { h } from "./dom.js";
import { InputField } from "./form_fields.js";
import { __ } from "./wording.js";

const URL_OF_UPLOADS = "/api/method/upload_file";

export class UploadField extends InputField {
	make_input() {
		const accept = this.schema.contentMediaType;
		return h("input", { type: "file", accept, onchange: () => this.upload() });
	}

	around(input) {
		this.progress = h("progress", {
			max: 100,
			"aria-label": __("Upload of {0}", [this.label]),
			hidden: true,
		});
		this.shown = h("span", { class: "file-name" });
		this.take_away = h(
			"button",
			{ type: "button", class: "quiet", onclick: () => this.remove() },
			__("Remove"),
		);
		this.take_away.setAttribute("aria-label", __("Remove {0}", [this.label]));
		this.there = h("p", { class: "file", hidden: true }, this.shown, this.take_away);
		this.news = h("span", { class: "visually-hidden", "aria-live": "polite" });
		return [input, this.progress, this.there, this.news];
	}

	get typed() {
		return this.file?.name ?? "";
	}

	fill(value) {
		this.show_file(value ? { name: String(value), label: String(value) } : null);
	}

	show_file(file) {
		this.file = file;
		this.shown.textContent = file?.label ?? "";
		this.there.hidden = !file;
		this.input.hidden = Boolean(file);
	}

	remove() {
		this.input.value = "";
		this.show_file(null);
		this.input.focus();
	}

	what_to_enter() {
		return __("Choose a file.");
	}

	read(wrong) {
		if (this.is_uploading) return this.refuse(__("Wait until the file has arrived."), wrong);
		return super.read(wrong);
	}

	as_json(name) {
		return JSON.stringify(name);
	}

	async upload() {
		const [file] = this.input.files;
		if (!file) return;
		this.show_error("");
		const most = this.form.host.max_file_size;
		if (most && file.size > most) return this.refuse_file(too_large(most));
		this.is_uploading = true;
		this.progress.hidden = false;
		this.progress.value = 0;
		try {
			const { name } = await send(file, this.form.host, (percent) => (this.progress.value = percent));
			this.show_file({ name, label: file.name });
			this.news.textContent = __("{0} has arrived", [file.name]);
			this.take_away.focus();
		} catch (refusal) {
			this.refuse_file(refusal.message);
		}
		this.is_uploading = false;
		this.progress.hidden = true;
	}

	refuse_file(message) {
		this.input.value = "";
		this.show_error(message);
		this.input.focus();
	}

	focus() {
		(this.file ? this.take_away : this.input).focus();
	}
}

const too_large = (bytes) => __("A file may have at most {0} MB.", [Math.floor(bytes / 1_048_576)]);

// fetch tells nothing of how far an upload is
function send(file, { csrf_token, max_file_size }, on_progress) {
	const values = new FormData();
	values.append("file", file, file.name);
	values.append("is_private", "1");
	const request = new XMLHttpRequest();
	request.open("POST", URL_OF_UPLOADS);
	request.setRequestHeader("Accept", "application/json");
	request.setRequestHeader("X-Frappe-CSRF-Token", csrf_token);
	request.upload.addEventListener("progress", (event) => on_progress((100 * event.loaded) / event.total));
	return new Promise((resolve, reject) => {
		request.addEventListener("error", () => reject(new Error(__("The server cannot be reached."))));
		request.addEventListener("load", () => {
			const body = parsed(request.responseText) ?? {};
			if (request.status === 200 && body.message?.name) return resolve(body.message);
			const is_too_large = request.status === 413 && max_file_size;
			reject(new Error(is_too_large ? too_large(max_file_size) : sentence(body, request.status)));
		});
		request.send(values);
	});
}

function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

// what Frappe tells Desk, as a plain text
function sentence(body, status) {
	const [first] = parsed(body._server_messages) ?? [];
	const message = parsed(first)?.message;
	const text = message && new DOMParser().parseFromString(message, "text/html").body.textContent;
	return body.error || text || __("The server failed to answer ({0}).", [status]);
}

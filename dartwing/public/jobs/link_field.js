// The name of a document, chosen from those that the reader may read: an editable combobox with a listbox, as
// the ARIA Authoring Practices describe it.

import { h } from "./dom.js";
import { InputField } from "./form_fields.js";
import { __ } from "./wording.js";

const TYPED_MS = 250;

export class LinkField extends InputField {
	get doctype() {
		return this.schema["x-dartwing-link"];
	}

	make_input() {
		this.list = h("ul", {
			id: `${this.id}-list`,
			class: "offers",
			role: "listbox",
			"aria-labelledby": `${this.id}-label`,
		});
		this.list.hidden = true;
		this.news = h("span", { class: "visually-hidden", "aria-live": "polite" });
		const input = h("input", {
			type: "text",
			role: "combobox",
			autocomplete: "off",
			spellcheck: "false",
			"aria-autocomplete": "list",
			"aria-expanded": "false",
			"aria-controls": this.list.id,
			oninput: () => this.look_soon(),
			onkeydown: (event) => this.pressed(event),
			onclick: () => this.list.hidden && this.look_around(),
			onblur: () => this.close(),
		});
		// the input keeps the focus
		this.list.addEventListener("mousedown", (event) => event.preventDefault());
		this.list.addEventListener("click", (event) => {
			const option = event.target.closest("[role=option]");
			if (option) this.take(Number(option.dataset.place));
		});
		return input;
	}

	around(input) {
		this.chosen_name = h("p", { class: "hint chosen", hidden: true });
		return [h("div", { class: "combobox" }, input, this.list), this.chosen_name, this.news];
	}

	hints() {
		return [...super.hints(), __("Type to search.")];
	}

	fill(value) {
		this.chosen = null;
		super.fill(value);
		this.show_name();
		if (typeof value === "string" && value) this.look_up(value);
	}

	// The title of a name that was there before.
	async look_up(name) {
		const rows = await this.form.host.search(this.doctype, name).catch(() => []);
		const row = rows.find((one) => one.name === name);
		if (row && this.input.value === name) this.choose(row);
	}

	// what is typed and not chosen is taken for a name
	as_json(text) {
		return JSON.stringify(this.chosen && text === this.chosen.title ? this.chosen.name : text.trim());
	}

	// --- the list

	look_soon() {
		this.show_name();
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.look(this.typed), TYPED_MS);
	}

	// Who opens the list of a chosen one wants to see the others.
	look_around() {
		return this.look(this.chosen && this.typed === this.chosen.title ? "" : this.typed);
	}

	async look(text) {
		clearTimeout(this.timer);
		const asked = (this.asked = {});
		try {
			const rows = await this.form.host.search(this.doctype, text);
			if (asked !== this.asked || document.activeElement !== this.input) return;
			this.open(rows);
		} catch (refusal) {
			if (asked === this.asked) this.show_error(refusal.message);
		}
	}

	open(rows) {
		this.rows = rows;
		this.list.replaceChildren(
			...rows.map(({ name, title }, place) =>
				h(
					"li",
					{ role: "option", id: `${this.list.id}-${place}`, "data-place": place, "aria-selected": "false" },
					h("span", {}, title),
					title !== name && h("span", { class: "hint" }, name),
				),
			),
		);
		this.list.hidden = !rows.length;
		this.input.setAttribute("aria-expanded", Boolean(rows.length));
		this.point_at(-1);
		this.news.textContent = rows.length ? __("{0} found", [rows.length]) : __("Nothing found");
	}

	close() {
		this.asked = null;
		clearTimeout(this.timer);
		this.list.hidden = true;
		this.input.setAttribute("aria-expanded", "false");
		this.point_at(-1);
	}

	point_at(place) {
		this.place = place;
		[...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", index === place));
		const option = this.list.children[place];
		if (!option) return this.input.removeAttribute("aria-activedescendant");
		this.input.setAttribute("aria-activedescendant", option.id);
		option.scrollIntoView({ block: "nearest" });
	}

	pressed(event) {
		const is_open = !this.list.hidden;
		if (event.key === "ArrowDown" || event.key === "ArrowUp") {
			event.preventDefault();
			if (!is_open) return this.look_around();
			const { length } = this.rows;
			const by = event.key === "ArrowDown" ? 1 : -1;
			return this.point_at(this.place < 0 && by < 0 ? length - 1 : (this.place + by + length) % length);
		}
		if (!is_open) return;
		if (event.key === "Enter") {
			// not the form's
			event.preventDefault();
			if (this.place >= 0) this.take(this.place);
			else this.close();
		} else if (event.key === "Escape") {
			// not the dialog's
			event.preventDefault();
			event.stopPropagation();
			this.close();
		}
	}

	take(place) {
		this.choose(this.rows[place]);
		this.close();
		this.show_error("");
	}

	choose(row) {
		this.chosen = row;
		this.input.value = row.title;
		this.show_name();
	}

	// titles may be equal; names are not
	show_name() {
		const { chosen } = this;
		const is_told = Boolean(chosen && this.typed === chosen.title && chosen.title !== chosen.name);
		this.chosen_name.hidden = !is_told;
		this.chosen_name.textContent = is_told ? chosen.name : "";
	}
}

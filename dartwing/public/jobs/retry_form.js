// The form for trying a dead letter again with other parameters: they begin as those that it had, but for
// secrets. That makes a new job, and discards the old one.

import { set_busy, tell_refusal } from "./actions.js";
import { get_retry_form, retry_with_parameters, SessionEnded } from "./api.js";
import { type_label } from "./boot.js";
import { h, open_dialog } from "./dom.js";
import { form_host } from "./form_host.js";
import { announce, show_alert } from "./notices.js";
import { ParameterForm } from "./parameter_form.js";
import { __ } from "./texts.js";

// what is written for a type that has neither a schema nor a template
const AS_JSON = { help: "", template: null, schema: null };

export async function open_retry_form(job, on_retried) {
	try {
		show(job, await get_retry_form(job.job_id), on_retried);
	} catch (refusal) {
		if (!(refusal instanceof SessionEnded)) show_alert("refusal", refusal.message);
	}
}

function show(job, { job_type, form, parameters }, on_retried) {
	const fieldset = h("fieldset", {});
	const error = h("p", { class: "error", role: "alert" });
	const go = h("button", { type: "submit", class: "primary" }, __("Try again"));
	const back = h("button", { type: "button", onclick: () => dialog.close() }, __("Not now"));
	const body = h(
		"form",
		{ class: "dialog-body", novalidate: true },
		h("p", {}, __("A new job is made of {0}, which is discarded.", [job.job_id])),
		fieldset,
		error,
		h("div", { class: "buttons" }, back, go),
	);
	const title = __("Try {0} with other parameters", [type_label(job_type)]);
	const { dialog, heading } = open_dialog({ title, kind: "question", close_label: __("Close") }, body);
	const inputs = new ParameterForm(fieldset, {
		...(form ?? AS_JSON),
		values: parameters,
		host: form_host(job_type),
	});
	heading.focus();
	body.addEventListener("submit", async (event) => {
		event.preventDefault();
		error.textContent = "";
		const text = inputs.read();
		if (text === null) return;
		set_busy(go, true);
		try {
			const made = await retry_with_parameters(job.job_id, text);
			dialog.close();
			announce(__("{0} was accepted", [made.job_id]));
			on_retried(made);
		} catch (refusal) {
			set_busy(go, false);
			tell_refusal(refusal, error, inputs.show_refusal(refusal));
		}
	});
}

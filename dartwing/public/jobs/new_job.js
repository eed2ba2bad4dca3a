// The form for a new job.

import { set_busy, tell_refusal } from "./actions.js";
import { submit } from "./api.js";
import { boot } from "./boot.js";
import { h, open_dialog, select } from "./dom.js";
import { form_host } from "./form_host.js";
import { announce } from "./notices.js";
import { ParameterForm } from "./parameter_form.js";
import { __ } from "./texts.js";

export const offered_types = boot.job_types.filter((one) => one.form);
export const open_organizations = boot.organizations.filter((one) => one.is_active);
export const can_submit = offered_types.length > 0 && open_organizations.length > 0;

export function open_new_job({ organization, on_submitted }) {
	const types = select(
		"job_type",
		offered_types.map((one) => [one.name, one.label]),
	);
	const organizations = select(
		"organization",
		open_organizations.map((one) => [one.name, one.name]),
		organization,
	);
	const description = h("p", { class: "hint", id: "type-description" });
	types.setAttribute("aria-describedby", description.id);
	const parameters = h("fieldset", {});
	const dry_run = h("input", { name: "dry_run", type: "checkbox", "aria-describedby": "dry-run-hint" });
	const error = h("p", { class: "error", role: "alert" });
	const go = h("button", { type: "submit", class: "primary" }, __("Submit"));
	const form = h(
		"form",
		{ class: "dialog-body", novalidate: true },
		h("label", {}, h("span", {}, __("Type")), types),
		description,
		boot.organizations.length > 1 && h("label", {}, h("span", {}, __("Organization")), organizations),
		parameters,
		h(
			"div",
			{ class: "field" },
			h("label", { class: "check" }, dry_run, h("span", {}, __("Dry run"))),
			h("p", { class: "hint", id: "dry-run-hint" }, __("Says what would change, and changes nothing.")),
		),
		error,
		h(
			"div",
			{ class: "buttons" },
			h("button", { type: "button", onclick: () => dialog.close() }, __("Close")),
			go,
		),
	);
	const { dialog } = open_dialog(
		{ title: __("New job"), kind: "question", close_label: __("Close without submitting") },
		form,
	);

	let inputs = null;
	const show_type = () => {
		const { form: of_type } = offered_types.find((one) => one.name === types.value);
		description.textContent = of_type.description;
		description.hidden = !of_type.description;
		inputs = new ParameterForm(parameters, { ...of_type, host: form_host(types.value) });
	};
	types.addEventListener("change", show_type);
	show_type();
	types.focus();

	const key_of = keys();
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		error.textContent = "";
		const parameters_text = inputs.read();
		if (parameters_text === null) return;
		set_busy(go, true);
		const request = {
			job_type: types.value,
			organization: organizations.value,
			parameters: parameters_text,
			...(dry_run.checked && { dry_run: true }),
		};
		try {
			const job = await submit({ ...request, idempotency_key: key_of(request) });
			dialog.close();
			announce(__("{0} was accepted", [job.job_id]));
			on_submitted(job);
		} catch (refusal) {
			set_busy(go, false);
			tell_refusal(refusal, error, inputs.show_refusal(refusal));
		}
	});
}

// The same key for the same request: its answer may have been lost, and it is sent again.
export function keys() {
	let said = null;
	let key = null;
	return (request) => {
		if (said !== JSON.stringify(request)) key = random_key();
		said = JSON.stringify(request);
		return key;
	};
}

// crypto.randomUUID is there on https only
const random_key = () =>
	Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

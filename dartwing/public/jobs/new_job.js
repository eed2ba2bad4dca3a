// The form for a new job. Its fields are those of the Job Type's template: the value that a field begins
// with says what it takes. A list of texts is a choice; what is nested is written as JSON.
//
// What was typed goes to the server as it was typed: each field reads as JSON text, never as a number of
// JavaScript's.

import { set_busy, tell_refusal } from "./actions.js";
import { submit } from "./api.js";
import { boot } from "./boot.js";
import { h, open_dialog } from "./dom.js";
import { ExactNumber, number_as_json, stringify } from "./exact_json.js";
import { announce } from "./notices.js";
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
	const error = h("p", { class: "error", role: "alert" });
	const go = h("button", { type: "submit", class: "primary" }, __("Submit"));
	const form = h(
		"form",
		{ class: "dialog-body", novalidate: true },
		h("label", {}, h("span", {}, __("Type")), types),
		description,
		boot.organizations.length > 1 && h("label", {}, h("span", {}, __("Organization")), organizations),
		parameters,
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

	let fields = [];
	const show_type = () => {
		const { form: of_type } = offered_types.find((one) => one.name === types.value);
		description.textContent = of_type.description;
		description.hidden = !of_type.description;
		fields = fields_of(of_type.template);
		parameters.replaceChildren(
			h("legend", {}, __("Parameters")),
			...(of_type.help ? [h("p", { class: "hint" }, of_type.help)] : []),
			...fields.map((field) => field.element),
		);
		parameters.hidden = !fields.length;
	};
	types.addEventListener("change", show_type);
	show_type();
	types.focus();

	const key_of = keys();
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		error.textContent = "";
		const parameters_text = read_fields(fields);
		if (parameters_text === null) return;
		set_busy(go, true);
		const request = {
			job_type: types.value,
			organization: organizations.value,
			parameters: parameters_text,
		};
		try {
			const job = await submit({ ...request, idempotency_key: key_of(request) });
			dialog.close();
			announce(__("{0} was accepted", [job.job_id]));
			on_submitted(job);
		} catch (refusal) {
			set_busy(go, false);
			tell_refusal(refusal, error);
		}
	});
}

// The same key for the same request: its answer may have been lost, and it is sent again.
function keys() {
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

function select(name, options, chosen) {
	return h(
		"select",
		{ name },
		options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
	);
}

// The JSON of all fields, or null after showing which one is wrong.
function read_fields(fields) {
	const values = [];
	let whole = null;
	let wrong = null;
	for (const field of fields) {
		try {
			field.show_error("");
			const value = field.read();
			if (field.name === null) whole = value;
			else values.push(`${JSON.stringify(field.name)}: ${value}`);
		} catch (error) {
			field.show_error(error.message);
			wrong ??= field;
		}
	}
	wrong?.input.focus();
	return wrong ? null : (whole ?? `{${values.join(", ")}}`);
}

function fields_of(template) {
	if (!template) return [new Field(null, __("Parameters as JSON"), json_input({}), read_object)];
	return Object.entries(template).map(([name, value]) => field_of(name, value));
}

function field_of(name, value) {
	const label = (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");
	if (typeof value === "boolean") {
		const input = h("input", { type: "checkbox", checked: value });
		return new Field(name, label, input, () => String(input.checked));
	}
	if (typeof value === "number" || value instanceof ExactNumber) {
		const input = h("input", { type: "number", step: "any", value: String(value), required: true });
		return new Field(name, label, input, () => read_number(input));
	}
	if (Array.isArray(value) && value.length && value.every((one) => typeof one === "string")) {
		const input = select(
			name,
			value.map((one) => [one, one]),
		);
		return new Field(name, label, input, () => JSON.stringify(input.value));
	}
	if (typeof value === "string") {
		const input = value.includes("\n")
			? h("textarea", { rows: 4 }, value)
			: h("input", { type: "text", value });
		return new Field(name, label, input, () => JSON.stringify(input.value));
	}
	return new Field(name, label, json_input(value), read_json);
}

class Field {
	constructor(name, label, input, read) {
		Object.assign(this, { name, input });
		this.read = () => read(input);
		this.error = h("span", { class: "error", id: `error-${name ?? "json"}` });
		input.setAttribute("aria-describedby", this.error.id);
		const text = h("span", {}, label);
		const is_check = input.type === "checkbox";
		this.element = h(
			"div",
			{ class: "field" },
			h("label", { class: is_check && "check" }, ...(is_check ? [input, text] : [text, input])),
			this.error,
		);
	}

	show_error(text) {
		this.error.textContent = text;
		this.input.setAttribute("aria-invalid", Boolean(text));
	}
}

const json_input = (value) =>
	h("textarea", { rows: 4, class: "code", spellcheck: "false" }, stringify(value));

function read_number(input) {
	if (input.value === "" || Number.isNaN(input.valueAsNumber)) throw new Error(__("Enter a number."));
	return number_as_json(input.value);
}

function read_json(input) {
	try {
		JSON.parse(input.value);
	} catch {
		throw new Error(__("This is no valid JSON."));
	}
	return input.value;
}

function read_object(input) {
	const text = read_json(input);
	if (!text.trim().startsWith("{")) throw new Error(__("Enter a JSON object: {…}"));
	return text;
}

// Fields for the parameters of a job. They are those of the Job Type's template: the value that a field begins
// with says what it takes. A list of texts is a choice; what is nested is written as JSON.
//
// What was typed goes to the server as it was typed: each field reads as JSON text, never as a number of
// JavaScript's.

import { h } from "./dom.js";
import { ExactNumber, number_as_json, stringify } from "./exact_json.js";
import { __ } from "./texts.js";

export function select(name, options, chosen) {
	return h(
		"select",
		{ name },
		options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
	);
}

// The JSON of all fields, or null after showing which one is wrong.
export function read_fields(fields) {
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

// Show the fields of a type that is offered, and answer them.
export function parameter_fields(fieldset, { help, template }) {
	const fields = fields_of(template);
	fieldset.replaceChildren(
		h("legend", {}, __("Parameters")),
		...(help ? [h("p", { class: "hint" }, help)] : []),
		...fields.map((field) => field.element),
	);
	fieldset.hidden = !fields.length;
	return fields;
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

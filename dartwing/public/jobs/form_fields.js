// What all fields of a form for parameters have in common, and the fields that are one input each.
//
// A field reads as JSON text, never as a number of JavaScript's. It may hold what is wrong: `read` says so
// in its place, `draft` gives what is typed anyway.

import { number_misfit, text_misfit } from "./bounds.js";
import { h } from "./dom.js";
import { ExactNumber, number_as_json, stringify } from "./exact_json.js";
import { __ } from "./wording.js";

// what the server shows in the place of a secret
export const MASK = "••••••";
const LONG_TEXT = 140;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const WHOLE = /^[+-]?\d+$/;

const is_nested = (value) => value !== null && typeof value === "object" && !(value instanceof ExactNumber);

// One after the other; a description may have no full stop.
const as_sentences = (texts) =>
	texts.length ? texts.reduce((said, text) => `${said}${/\p{P}\s*$/u.test(said) ? "" : "."} ${text}`) : "";

let count = 0;

export class Field {
	// `form` draws further fields; `parent` is the field that this one is a part of, `key` its place there.
	constructor({ schema, form, parent = null, key = null, label, is_required = true, is_nullable = false }) {
		Object.assign(this, { schema, form, parent, key, is_required, is_nullable });
		this.label = label;
		this.id = `parameter-${++count}`;
		this.is_secret = Boolean(schema.writeOnly || schema.format === "password" || parent?.is_secret);
		this.error = h("span", { class: "error", id: `${this.id}-error` });
		this.hint = h("p", { class: "hint", id: `${this.id}-hint` }, as_sentences(this.hints()));
		this.hint.hidden = !this.hint.textContent;
	}

	get children() {
		return [];
	}

	// as the server names it in its errors
	get path() {
		if (!this.parent) return "parameters";
		// one kind of several stands where they all do
		if (this.key === null) return this.parent.path;
		if (!IDENTIFIER.test(this.key)) return `${this.parent.path}[${JSON.stringify(this.key)}]`;
		return typeof this.key === "number"
			? `${this.parent.path}[${this.key}]`
			: `${this.parent.path}.${this.key}`;
	}

	get is_optional() {
		return !this.is_required || this.is_nullable;
	}

	hints() {
		const { description } = this.schema;
		return [description, this.parent && this.is_optional && __("Optional.")].filter(Boolean);
	}

	// what is wrong is shown here, and this field is added to `wrong`
	refuse(message, wrong) {
		this.show_error(message);
		wrong.push(this);
	}

	show_error(text) {
		this.error.textContent = text;
		this.told?.setAttribute("aria-invalid", Boolean(text));
	}

	forget_errors() {
		this.show_error("");
		this.children.forEach((child) => child.forget_errors());
	}

	// Begin with what the schema says.
	begin() {
		this.fill(this.schema.default);
	}
}

// Fields with one input, which are empty when nothing is typed.
export class InputField extends Field {
	constructor(options) {
		super(options);
		this.input = this.make_input();
		this.input.id = this.id;
		this.told = this.input;
		this.describe(this.input);
		this.element = h(
			"div",
			{ class: "field" },
			this.title(),
			...this.around(this.input),
			this.hint,
			this.error,
		);
	}

	title() {
		return h("label", { for: this.id, id: `${this.id}-label` }, h("span", {}, this.label));
	}

	describe(element) {
		element.setAttribute("aria-describedby", `${this.hint.id} ${this.error.id}`);
		if (!this.is_optional) element.setAttribute("aria-required", true);
	}

	around(input) {
		return [input];
	}

	make_input() {
		return h("input", {
			type: this.is_secret ? "password" : "text",
			autocomplete: "off",
			spellcheck: "false",
		});
	}

	get typed() {
		return this.input.value;
	}

	fill(value) {
		if (value === MASK) this.ask_anew();
		const text = this.text_of(value === MASK ? null : value);
		this.input.value = text;
		// a date, for example, that is none
		if (is_nested(value) || (text && !this.input.value)) this.form.misfit(this);
	}

	// Nobody is shown what stood here.
	ask_anew() {
		this.had_secret = true;
		if (this.input.type === "text") this.input.type = "password";
		this.hint.textContent = as_sentences([...this.hints(), __("It is secret: type it anew.")]);
		this.hint.hidden = false;
	}

	text_of(value) {
		if (value == null) return "";
		return is_nested(value) ? stringify(value) : String(value);
	}

	read(wrong) {
		this.show_error("");
		// what a browser does not understand it does not tell either: the field seems to be empty
		if (this.input.validity?.badInput) return this.refuse(this.what_it_is_not(), wrong);
		if (this.typed === "") return this.read_nothing(wrong);
		try {
			const text = this.as_json(this.typed);
			const misfit = this.misfit_of(this.typed);
			return misfit ? this.refuse(misfit, wrong) : text;
		} catch (error) {
			return this.refuse(error.message, wrong);
		}
	}

	// What is wrong with what is typed, by the bounds of the schema.
	misfit_of() {
		return "";
	}

	// Who empties a field that began with a value means something by it.
	read_nothing(wrong) {
		const began_empty = this.schema.default == null || this.schema.default === "";
		if (this.is_nullable && (this.is_required || !began_empty)) return "null";
		if (!this.is_required && began_empty) return undefined;
		return this.refuse(this.what_to_enter(), wrong);
	}

	what_to_enter() {
		return __("Fill in this field.");
	}

	what_it_is_not() {
		return this.what_to_enter();
	}

	draft() {
		const quiet = [];
		const text = this.read(quiet);
		this.show_error("");
		if (this.typed === "") return quiet.length ? undefined : text;
		const typed = quiet.length ? JSON.stringify(this.typed) : text;
		return this.is_secret ? this.form.conceal(this, typed) : typed;
	}

	focus() {
		this.input.focus();
	}
}

export class TextField extends InputField {
	make_input() {
		const { maxLength, format } = this.schema;
		const has_lines = this.schema["x-dartwing-lines"] || maxLength > LONG_TEXT || format === "multiline";
		// no `maxlength`: a browser would cut what is pasted, and say nothing
		if (has_lines) return h("textarea", { rows: 4, class: this.is_secret && "secret" });
		const input = super.make_input();
		if (format === "email" || format === "uri")
			input.setAttribute("inputmode", format === "uri" ? "url" : format);
		return input;
	}

	fill(value) {
		const has_lines = typeof value === "string" && /[\r\n]/.test(value);
		if (has_lines && this.input.tagName === "INPUT") this.take_lines();
		super.fill(value);
	}

	// A single line would lose the breaks of what it begins with.
	take_lines() {
		const area = h("textarea", { rows: 4, id: this.id, class: this.is_secret && "secret" });
		this.describe(area);
		this.input.replaceWith(area);
		this.input = this.told = area;
	}

	read_nothing(wrong) {
		// an empty text is a text, where the schema itself offers one
		const { default: of_schema, minLength } = this.schema;
		const may_be_empty = typeof of_schema === "string" && !this.is_nullable && !this.had_secret;
		return may_be_empty && !minLength ? '""' : super.read_nothing(wrong);
	}

	misfit_of(text) {
		return text_misfit(text, this.schema);
	}

	as_json(text) {
		return JSON.stringify(text);
	}
}

export class NumberField extends InputField {
	make_input() {
		const input = super.make_input();
		// the number pads of some phones have no minus
		const is_positive = [this.schema.minimum, this.schema.exclusiveMinimum].some((one) => Number(one) >= 0);
		if (is_positive) input.setAttribute("inputmode", this.is_whole ? "numeric" : "decimal");
		return input;
	}

	get is_whole() {
		return this.schema.type === "integer";
	}

	hints() {
		const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = this.schema;
		const range = minimum != null && maximum != null && __("From {0} to {1}.", [minimum, maximum]);
		const least = minimum != null && maximum == null && __("At least {0}.", [minimum]);
		const most = minimum == null && maximum != null && __("At most {0}.", [maximum]);
		const above = exclusiveMinimum != null && __("More than {0}.", [exclusiveMinimum]);
		const below = exclusiveMaximum != null && __("Less than {0}.", [exclusiveMaximum]);
		const unit = multipleOf != null && __("A multiple of {0}.", [multipleOf]);
		return [...super.hints(), range, least, most, above, below, unit].filter(Boolean);
	}

	get typed() {
		return this.input.value.trim();
	}

	what_to_enter() {
		return this.is_whole ? __("Enter a whole number.") : __("Enter a number.");
	}

	as_json(text) {
		if (!(this.is_whole ? WHOLE : NUMBER).test(text)) throw new Error(this.what_to_enter());
		return number_as_json(text.replace(/^\+/, "").replace(/\.(?=e|$)/i, ""));
	}

	misfit_of(text) {
		return number_misfit(text, this.schema);
	}
}

// Exact amounts travel as texts.
export class DecimalField extends NumberField {
	as_json(text) {
		super.as_json(text);
		return JSON.stringify(text.replace(/^\+/, ""));
	}
}

export class DateField extends InputField {
	make_input() {
		return h("input", { type: "date" });
	}

	what_it_is_not() {
		return __("This is no date.");
	}

	as_json(text) {
		return JSON.stringify(text);
	}
}

export class TimeField extends DateField {
	make_input() {
		return h("input", { type: "time", step: 1 });
	}

	what_it_is_not() {
		return __("This is no time of day.");
	}
}

// A value that is always the same: nothing is shown of it.
export class FixedField extends Field {
	constructor(options) {
		super(options);
		this.element = h("div", { hidden: true });
	}

	fill() {}

	read() {
		return stringify(this.schema.const);
	}

	draft() {
		return this.read();
	}

	focus() {}
}

// What no other field can show.
export class JsonField extends InputField {
	make_input() {
		const type = this.is_secret ? super.make_input() : h("textarea", { rows: 4, spellcheck: "false" });
		type.classList.add("code");
		return type;
	}

	hints() {
		return [...super.hints(), this.form.is_typed && __("Written as JSON.")].filter(Boolean);
	}

	fill(value) {
		const is_nothing = value === undefined || (value === null && this.is_nullable);
		this.input.value = is_nothing ? this.nothing : stringify(value);
	}

	// of what must be an object, an empty one
	get nothing() {
		const is_object = this.schema["x-dartwing-any-object"] || this.schema.type === "object";
		return is_object && !this.is_optional ? "{}" : "";
	}

	as_json(text) {
		let value;
		try {
			value = JSON.parse(text);
		} catch {
			throw new Error(__("This is no valid JSON."));
		}
		const is_object = value !== null && typeof value === "object" && !Array.isArray(value);
		if (this.schema["x-dartwing-any-object"] && !is_object) throw new Error(__("Enter a JSON object: {…}"));
		const whole = this.form.reveal?.(text) ?? text;
		if (whole.includes(MASK)) throw new Error(__("Write the secret values anew, in place of the dots."));
		return whole;
	}
}

// Fields for what is chosen: one of a few values, yes or no.

import { h } from "./dom.js";
import { stringify } from "./exact_json.js";
import { Field, InputField } from "./form_fields.js";
import { __ } from "./wording.js";

const FEW_CHOICES = 3;

// One of a few values, of any type: each is known by its place.
export class ChoiceField extends InputField {
	get values() {
		return this.schema.enum.filter((value) => value !== null);
	}

	make_input() {
		const texts = this.values.map((value) => this.text_of(value));
		const is_radio = texts.length <= FEW_CHOICES && !this.is_optional && this.form.is_typed;
		return is_radio ? this.make_radios(texts) : this.make_select(texts);
	}

	make_select(texts) {
		const names_one = this.schema.default != null && !this.is_nullable;
		return h(
			"select",
			{},
			[
				!names_one && h("option", { value: "" }, this.is_optional ? "–" : __("Choose…")),
				...texts.map((text, place) => h("option", { value: place }, text)),
			].filter(Boolean),
		);
	}

	make_radios(texts) {
		const name = `${this.id}-choice`;
		this.radios = texts.map((_text, place) => h("input", { type: "radio", name, value: place }));
		const labels = texts.map((text, place) =>
			h("label", { class: "check" }, this.radios[place], h("span", {}, text)),
		);
		return h("div", { class: "choices", role: "radiogroup", "aria-labelledby": `${this.id}-label` }, labels);
	}

	// a label is of one input
	title() {
		const id = `${this.id}-label`;
		return this.radios ? h("span", { class: "label", id }, this.label) : super.title();
	}

	text_of(value) {
		return typeof value === "boolean" ? (value ? __("Yes") : __("No")) : super.text_of(value);
	}

	get typed() {
		return this.radios ? (this.radios.find((one) => one.checked)?.value ?? "") : this.input.value;
	}

	fill(value) {
		const wanted = stringify(value ?? null);
		const place = this.values.findIndex((one) => stringify(one) === wanted);
		if (value != null && place < 0) this.form.misfit(this);
		if (!this.radios) this.input.value = place < 0 ? "" : String(place);
		else this.radios.forEach((radio, index) => (radio.checked = index === place));
	}

	what_to_enter() {
		return __("Choose one.");
	}

	as_json(place) {
		return stringify(this.values[Number(place)]);
	}

	focus() {
		(this.radios?.find((one) => one.checked) ?? this.radios?.[0] ?? this.input).focus();
	}
}

// Yes or no; where neither may be said, a choice.
export class CheckField extends Field {
	constructor(options) {
		super(options);
		this.input = h("input", { type: "checkbox", id: this.id });
		this.told = this.input;
		this.input.setAttribute("aria-describedby", `${this.hint.id} ${this.error.id}`);
		this.element = h(
			"div",
			{ class: "field" },
			h("label", { class: "check" }, this.input, h("span", {}, this.label)),
			this.hint,
			this.error,
		);
	}

	hints() {
		return [this.schema.description].filter(Boolean);
	}

	fill(value) {
		if (value != null && typeof value !== "boolean") this.form.misfit(this);
		this.input.checked = value === true;
	}

	read() {
		this.show_error("");
		return String(this.input.checked);
	}

	draft() {
		return this.read();
	}

	focus() {
		this.input.focus();
	}
}

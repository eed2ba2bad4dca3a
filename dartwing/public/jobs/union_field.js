// An object of one of several kinds, which a constant in each tells apart.

import { h } from "./dom.js";
import { plain } from "./json_schemas.js";
import { NestedField } from "./nested_fields.js";
import { __ } from "./wording.js";

export class UnionField extends NestedField {
	constructor(options) {
		super(options);
		this.variants = this.schema.variants.map((one) => plain(one, this.form.root).schema);
		const names = this.variants.map((one, place) => one.title ?? __("Kind {0}", [place + 1]));
		this.select = h("select", { id: this.id, "aria-describedby": `${this.hint.id} ${this.error.id}` }, [
			h("option", { value: "" }, this.is_optional ? "–" : __("Choose…")),
			...names.map((name, place) => h("option", { value: place }, name)),
		]);
		this.told = this.select;
		this.select.addEventListener("change", () => this.choose());
		const label = h("label", { for: this.id }, h("span", {}, __("Kind")));
		this.body.before(h("div", { class: "field" }, label, this.select));
		this.drawn = new Map();
	}

	get children() {
		return this.chosen ? [this.chosen] : [];
	}

	// Each kind keeps what was typed, also while another one is shown.
	choose(value) {
		const place = this.select.value;
		if (place === "") this.chosen = null;
		else {
			if (value !== undefined || !this.drawn.has(place)) this.drawn.set(place, this.draw(place, value));
			this.chosen = this.drawn.get(place);
		}
		this.body.replaceChildren(...(this.chosen ? [this.chosen.body] : []));
	}

	draw(place, value) {
		return this.form.draw(
			{ ...this.variants[place], description: undefined },
			{
				parent: this,
				key: null,
				label: this.label,
				is_required: true,
				value,
				has_value: value !== undefined,
			},
		);
	}

	fill(value) {
		const place = value && typeof value === "object" ? this.variant_of(value) : -1;
		if (value != null && place < 0) this.form.misfit(this);
		this.select.value = place < 0 ? "" : String(place);
		this.choose(place < 0 ? undefined : value);
	}

	variant_of(value) {
		const fits = (one) =>
			Object.entries(one.properties).every(([name, raw]) => {
				const { schema } = plain(raw, this.form.root);
				return !("const" in schema) || value[name] === schema.const || !Object.hasOwn(value, name);
			}) && (one.required ?? []).every((name) => Object.hasOwn(value, name));
		return this.variants.findIndex(fits);
	}

	read(wrong) {
		this.show_error("");
		if (this.chosen) return this.chosen.read(wrong);
		if (this.is_nullable && this.is_required) return "null";
		return this.is_optional ? undefined : this.refuse(__("Choose one."), wrong);
	}

	draft() {
		return this.chosen?.draft();
	}

	focus() {
		this.select.focus();
	}
}

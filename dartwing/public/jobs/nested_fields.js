// Fields that are made of others: objects and lists.

import { list_misfit } from "./bounds.js";
import { h } from "./dom.js";
import { stringify } from "./exact_json.js";
import { Field } from "./form_fields.js";
import { label_of } from "./json_schemas.js";
import { __ } from "./wording.js";

// A frame with a title; what may be left out is drawn only when somebody wants to give it.
export class NestedField extends Field {
	constructor(options) {
		super(options);
		this.body = h("div", { class: "nested-body" });
		this.element = this.parent
			? h("fieldset", { class: "nested" }, h("legend", {}, this.label), this.hint, this.body, this.error)
			: h("div", { class: "nested-body" }, this.hint, this.body, this.error);
	}

	rename(label) {
		this.label = label;
		const legend = this.element.querySelector("legend");
		if (legend) legend.textContent = label;
	}

	focus() {
		const first = this.element.querySelector("input, select, textarea, button");
		first?.focus();
	}
}

export class ObjectField extends NestedField {
	constructor(options) {
		super(options);
		this.fields = [];
		this.is_given = false;
		if (!this.is_optional || !this.parent) return;
		this.given = h("input", { type: "checkbox", "aria-describedby": this.hint.id });
		this.given.addEventListener("change", () => this.give(this.given.checked));
		const text = h("span", {}, __("Give {0}", [this.label]));
		this.body.before(h("label", { class: "check" }, this.given, text));
	}

	get children() {
		return this.fields;
	}

	// Show the fields, or none of them; what was typed comes back with them.
	give(is_given) {
		this.is_given = is_given;
		if (this.given) this.given.checked = is_given;
		if (is_given && !this.fields.length) this.draw({});
		this.body.hidden = !is_given;
	}

	draw(values) {
		const { properties, required = [] } = this.schema;
		this.fields = Object.entries(properties).map(([name, schema]) =>
			this.form.draw(schema, {
				parent: this,
				key: name,
				label: this.label_of(name, schema),
				is_required: required.includes(name),
				value: Object.hasOwn(values, name) ? values[name] : undefined,
				has_value: Object.hasOwn(values, name),
			}),
		);
		this.body.replaceChildren(...this.fields.map((field) => field.element));
	}

	label_of(name, schema) {
		return schema.title ?? label_of(name);
	}

	fill(value) {
		const is_object = value !== null && typeof value === "object" && !Array.isArray(value);
		if (value != null && !is_object) this.form.misfit(this);
		const known = Object.keys(this.schema.properties);
		const more = is_object ? Object.entries(value).filter(([name]) => !known.includes(name)) : [];
		// what the schema does not name stays, unless it is forbidden
		this.more = this.schema.additionalProperties === false ? [] : more;
		if (is_object) this.draw(value);
		this.give(is_object || !this.is_optional || !this.parent);
	}

	read(wrong) {
		this.show_error("");
		if (!this.is_given) return this.is_required || this.has_other_default ? "null" : undefined;
		return this.written((field) => field.read(wrong));
	}

	// What is left out would be this.
	get has_other_default() {
		return this.is_nullable && this.schema.default != null;
	}

	draft() {
		return this.is_given ? this.written((field) => field.draft()) : undefined;
	}

	written(read) {
		const values = this.fields.map((field) => [field.key, read(field)]);
		const all = [...values, ...(this.more ?? []).map(([name, value]) => [name, stringify(value)])];
		const given = all.filter(([, text]) => text !== undefined);
		return `{${given.map(([name, text]) => `${JSON.stringify(name)}: ${text}`).join(", ")}}`;
	}
}

export class ListField extends NestedField {
	constructor(options) {
		super(options);
		this.items = [];
		this.list = h("ol", { class: "items" });
		this.told = null;
		this.news = h("span", { class: "visually-hidden", "aria-live": "polite" });
		this.add_button = h("button", { type: "button", class: "add" }, __("Add {0}", [this.label]));
		this.add_button.setAttribute("aria-describedby", `${this.hint.id} ${this.error.id}`);
		this.add_button.addEventListener("click", () => this.add_empty());
		this.body.append(this.list, this.add_button, this.news);
	}

	get children() {
		return this.items.map((item) => item.field);
	}

	hints() {
		const { minItems, maxItems } = this.schema;
		const least = minItems > 0 && __("At least {0}.", [minItems]);
		const most = maxItems != null && __("At most {0}.", [maxItems]);
		return [...super.hints(), least, most].filter(Boolean);
	}

	fill(value) {
		if (value != null && !Array.isArray(value)) this.form.misfit(this);
		this.items = [];
		const blanks = this.is_optional ? 0 : Math.min(this.schema.minItems ?? 0, 20);
		const values = Array.isArray(value) ? value : Array(blanks).fill(undefined);
		values.forEach((one) => this.add(one, Array.isArray(value)));
		this.show();
	}

	add(value, has_value) {
		const place = this.items.length;
		const item = {
			field: this.form.draw(this.schema.items, {
				parent: this,
				key: place,
				label: this.label_at(place),
				is_required: true,
				value,
				has_value,
			}),
		};
		const act = (name, text, run) =>
			h("button", { type: "button", class: "quiet item-button", "data-do": name, onclick: run }, text);
		item.up = act("up", "↑", () => this.move(item, -1));
		item.down = act("down", "↓", () => this.move(item, 1));
		item.remove = act("remove", "×", () => this.remove(item));
		const buttons = h("div", { class: "item-buttons" }, item.up, item.down, item.remove);
		item.element = h("li", {}, h("div", { class: "item-body" }, item.field.element), buttons);
		this.items.push(item);
		return item;
	}

	add_empty() {
		const item = this.add(undefined, false);
		this.show();
		item.field.focus();
	}

	move(item, by) {
		const place = this.items.indexOf(item);
		this.items.splice(place, 1);
		this.items.splice(place + by, 0, item);
		this.show();
		const button = by < 0 ? item.up : item.down;
		(button.disabled ? (by < 0 ? item.down : item.up) : button).focus();
		this.news.textContent = __("Now in place {0} of {1}", [place + by + 1, this.items.length]);
	}

	remove(item) {
		const place = this.items.indexOf(item);
		this.items.splice(place, 1);
		this.show();
		const near = this.items[place] ?? this.items[place - 1];
		(near?.remove ?? this.add_button).focus();
		this.news.textContent = __("Removed; there are {0}", [this.items.length]);
	}

	// Number the items anew; those that stay keep what is typed in them.
	show() {
		this.items.forEach((item, place) => {
			const label = this.label_at(place);
			item.field.key = place;
			rename(item.field, label);
			item.up.disabled = place === 0;
			item.down.disabled = place === this.items.length - 1;
			item.up.setAttribute("aria-label", __("Move {0} up", [label]));
			item.down.setAttribute("aria-label", __("Move {0} down", [label]));
			item.remove.setAttribute("aria-label", __("Remove {0}", [label]));
		});
		this.list.replaceChildren(...this.items.map((item) => item.element));
		this.list.hidden = !this.items.length;
		this.add_button.disabled = this.items.length >= (this.schema.maxItems ?? Infinity);
	}

	label_at(place) {
		return `${this.label} ${place + 1}`;
	}

	read(wrong) {
		this.show_error("");
		const texts = this.children.map((field) => field.read(wrong) ?? "null");
		if (!texts.length && !this.is_required && !this.schema.default?.length) return undefined;
		const misfit = list_misfit(texts.length, this.schema);
		if (misfit) return this.refuse(misfit, wrong);
		return `[${texts.join(", ")}]`;
	}

	draft() {
		const texts = this.children.map((field) => field.draft() ?? "null");
		return texts.length || this.is_required ? `[${texts.join(", ")}]` : undefined;
	}

	focus() {
		(this.items[0]?.field ?? this.add_button).focus();
	}
}

function rename(field, label) {
	if (field.rename) return field.rename(label);
	field.label = label;
	const text = field.element.querySelector(":scope > .label, :scope > label > span");
	if (text) text.textContent = label;
}

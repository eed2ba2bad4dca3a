// The form for the parameters of a job, drawn from the schema of its Job Type or from the template of one
// that has none. The page /jobs and Desk both show it. It reads as JSON text, exactly as it was typed.
//
// `host` is what the page around it provides: `zone` and `search(doctype, text)` for the documents that the
// reader may read; for uploads `csrf_token` and `max_file_size`.

import { CheckField, ChoiceField } from "./choice_fields.js";
import { h } from "./dom.js";
import { ExactNumber, parse, stringify } from "./exact_json.js";
import {
	DateField,
	DecimalField,
	FixedField,
	JsonField,
	MASK,
	NumberField,
	TextField,
	TimeField,
} from "./form_fields.js";
import { kind_of, plain, schema_of_template } from "./json_schemas.js";
import { LinkField } from "./link_field.js";
import { MomentField } from "./moment_field.js";
import { ListField, ObjectField } from "./nested_fields.js";
import { UnionField } from "./union_field.js";
import { UploadField } from "./upload_field.js";
import { __ } from "./wording.js";

const FIELDS = {
	check: CheckField,
	choice: ChoiceField,
	date: DateField,
	decimal: DecimalField,
	fixed: FixedField,
	integer: NumberField,
	json: JsonField,
	link: LinkField,
	list: ListField,
	moment: MomentField,
	number: NumberField,
	object: ObjectField,
	text: TextField,
	time: TimeField,
	union: UnionField,
	upload: UploadField,
};

export class ParameterForm {
	// `schema` is a text; `values` are parameters to begin with, as text or read by `parse`, with dots in the
	// place of secrets
	constructor(fieldset, { schema, template, help, values: given, host }) {
		const values = typeof given === "string" ? parse(given) : given;
		Object.assign(this, { host, fieldset, secrets: new Map(), misfits: [] });
		this.is_typed = Boolean(schema);
		this.root = schema
			? parse(schema)
			: schema_of_template(values && !fits(template, values) ? null : template);
		const label = __("Parameters as JSON");
		this.field = this.draw(this.root, { label, value: values, has_value: values !== undefined });
		this.drawn = h("div", { class: "parameter-fields" }, this.field.element);
		const can_turn = this.is_typed && !(this.field instanceof JsonField);
		fieldset.replaceChildren(
			h("legend", {}, __("Parameters")),
			...(help ? [h("p", { class: "hint" }, help)] : []),
			this.drawn,
			...(can_turn ? this.make_json() : []),
		);
		fieldset.classList.add("parameter-form");
		fieldset.hidden = this.field instanceof ObjectField && !this.field.fields.length;
		if (can_turn && values && this.misfits.length) this.begin_as_json(values);
	}

	// The field for a part of the schema, holding `value` or what the schema begins with.
	draw(raw, { value, has_value, is_required = true, ...place }) {
		const { schema, is_nullable } = plain(raw, this.root);
		const kind = kind_of(schema, this.root);
		// neither yes nor no is a third answer
		const is_choice = kind === "check" && (is_nullable || (!is_required && schema.default === undefined));
		const shown = is_choice ? { ...schema, enum: [true, false] } : schema;
		const Kind = FIELDS[is_choice ? "choice" : kind];
		const field = new Kind({ schema: shown, form: this, is_required, is_nullable, ...place });
		if (has_value) field.fill(value);
		else field.begin();
		return field;
	}

	// A field was to hold what it cannot show.
	misfit(field) {
		this.misfits.push(field.path);
	}

	// --- reading

	// The JSON of the parameters, or null after showing what is wrong.
	read() {
		const wrong = [];
		const text = (this.is_as_json ? this.json : this.field).read(wrong);
		wrong[0]?.focus();
		return wrong.length ? null : text;
	}

	// Show what the server says where it belongs: the answer is what has no place here.
	show_refusal({ message, body }) {
		const problems = body?.problems?.map((one) => `${one.argument}: ${one.reason}`) ?? [message];
		const is_of_here = (text) => /^parameters[:.[]/.test(text);
		if (!this.is_typed || !problems.every(is_of_here)) return without_root(message);
		if (this.is_as_json) return this.show_in_json(problems);
		const left = problems.filter((problem) => !this.show_problem(problem));
		this.first_wrong(this.field)?.focus();
		return left.map(without_root).join("; ");
	}

	show_in_json(problems) {
		this.json.show_error(problems.map(without_root).join("; "));
		this.json.focus();
		return "";
	}

	// Show what is wrong at its field; false when there is none.
	show_problem(problem) {
		const field = this.field_of(problem);
		if (!field) return false;
		const said = problem.slice(field.path.length).replace(/^(: |\.)/, "");
		field.show_error([field.error.textContent, said].filter(Boolean).join("; "));
		return true;
	}

	// in the order of the form
	first_wrong(field) {
		const within = field.children.map((child) => this.first_wrong(child)).find(Boolean);
		return within ?? (field.parent && field.error.textContent ? field : undefined);
	}

	// The innermost field whose path the message begins with.
	field_of(message) {
		let found = null;
		const look = (field) => {
			const { path } = field;
			if (!message.startsWith(path) || !/^[:.[]/.test(message.slice(path.length))) return;
			const is_shown = field.parent && field.error.isConnected && !field.element.hidden;
			if (is_shown) found = field;
			field.children.forEach(look);
		};
		look(this.field);
		return found;
	}

	// --- as JSON, for those who would rather write it

	make_json() {
		this.json = new JsonField({
			schema: { "x-dartwing-any-object": true },
			form: { reveal: (text) => this.reveal(text) },
			label: __("Parameters as JSON"),
		});
		this.json.input.rows = 10;
		this.json.element.hidden = true;
		this.switch = h("input", { type: "checkbox", role: "switch", onchange: () => this.turn() });
		const label = h("label", { class: "check" }, this.switch, h("span", {}, __("As JSON")));
		return [this.json.element, label];
	}

	get is_as_json() {
		return Boolean(this.switch?.checked);
	}

	turn() {
		if (this.is_as_json) this.show_json();
		else if (!this.show_fields()) this.switch.checked = true;
		this.json.element.hidden = !this.is_as_json;
		this.drawn.hidden = this.is_as_json;
	}

	show_json() {
		this.secrets.clear();
		this.json.show_error("");
		this.json.fill(parse(this.field.draft() ?? "{}"));
	}

	// What was written, in the fields; it stays JSON while they cannot show it.
	show_fields() {
		const wrong = [];
		const text = this.json.read(wrong);
		if (!wrong.length) {
			this.misfits = [];
			this.field.fill(parse(text));
			if (!this.misfits.length) return true;
			this.json.show_error(__("{0}: there is no field for this value", [this.misfits[0]]));
		}
		this.json.focus();
		return false;
	}

	begin_as_json(values) {
		this.switch.checked = true;
		this.json.fill(values);
		this.json.element.hidden = false;
		this.drawn.hidden = true;
	}

	// --- secrets: in JSON, too, dots stand for what was typed

	conceal(field, text) {
		this.secrets.set(field.path, text);
		return JSON.stringify(MASK);
	}

	reveal(text) {
		return text.includes(MASK) ? stringify(this.revealed(parse(text), "parameters")) : text;
	}

	revealed(value, path) {
		if (value === MASK && this.secrets.has(path)) return parse(this.secrets.get(path));
		if (Array.isArray(value)) return value.map((one, place) => this.revealed(one, `${path}[${place}]`));
		if (value === null || typeof value !== "object" || value instanceof ExactNumber) return value;
		const entries = Object.entries(value);
		return Object.fromEntries(entries.map(([key, one]) => [key, this.revealed(one, `${path}.${key}`)]));
	}
}

// A member does not know what the whole is called: that is said to those who write JSON.
const without_root = (message) => message.replace(/^parameters(: |\.)/, "");

// Whether all these values have a field in the form of the template.
const fits = (template, values) =>
	Boolean(template) && Object.keys(values).every((name) => Object.hasOwn(template, name));

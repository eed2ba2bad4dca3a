// Names and values, as people read them.

import { h } from "./dom.js";
import { ExactNumber, stringify } from "./exact_json.js";
import { label_of } from "./json_schemas.js";
import { __, exact_number } from "./texts.js";

export const is_plain = (value) =>
	typeof value !== "object" || value === null || value instanceof ExactNumber;
export const json_of = (value) => h("pre", { tabindex: 0 }, stringify(value));
export const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
export const fact_of = (name, value) => fact(name, is_plain(value) ? value_text(value) : json_of(value));

export function value_text(value) {
	if (typeof value === "number") return exact_number(value);
	return value === null ? "–" : String(value);
}

// `titles` are pairs of a name and what forms call it, in their order; what has none comes last. Null where
// there is nothing to show.
export function parameter_facts(values, titles) {
	const by_name = new Map(titles);
	const names = new Set([...by_name.keys(), ...Object.keys(values)]);
	const shown = [...names]
		.filter((name) => Object.hasOwn(values, name))
		.map((name) => fact_of(by_name.get(name) ?? label_of(name), values[name]));
	return shown.length ? h("dl", { class: "facts" }, shown) : null;
}

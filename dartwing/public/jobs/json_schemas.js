// What a JSON Schema says of one value, for whoever draws a field for it. Nothing here touches the page.

import { ExactNumber } from "./exact_json.js";

const DEEPEST = 20;

// The schema without references, and whether null may stand there. Of several possible kinds of values it has
// the `variants`.
export function plain(schema, root) {
	const found = resolved(schema, root);
	const { anyOf, oneOf, ...own } = found;
	const variants = anyOf ?? oneOf;
	if (variants) {
		const others = variants.filter((one) => resolved(one, root).type !== "null");
		const is_nullable = others.length < variants.length;
		if (others.length !== 1) return { schema: { ...own, variants: others }, is_nullable };
		const only = plain({ ...others[0], ...own }, root);
		return { schema: only.schema, is_nullable: is_nullable || only.is_nullable };
	}
	if (!Array.isArray(found.type)) return { schema: found, is_nullable: false };
	const types = found.type.filter((one) => one !== "null");
	return {
		schema: { ...found, type: types.length === 1 ? types[0] : types },
		is_nullable: types.length < found.type.length,
	};
}

// What is said beside a reference goes before what it leads to. No other document is ever asked.
function resolved(schema, root) {
	let found = schema && typeof schema === "object" ? schema : {};
	for (let depth = 0; depth < DEEPEST; depth++) {
		if (typeof found.$ref === "string") {
			const { $ref, ...own } = found;
			found = { ...definition($ref, root), ...own };
		} else if (found.allOf?.length === 1) {
			const { allOf, ...own } = found;
			found = { ...allOf[0], ...own };
		} else break;
	}
	return found;
}

function definition($ref, root) {
	if (!$ref.startsWith("#/")) return {};
	const keys = $ref.slice(2).split("/");
	const unescaped = keys.map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
	return unescaped.reduce((found, key) => found?.[key], root) ?? {};
}

// The kind of field that shows such a value; "json" for what no other one can hold.
export function kind_of(schema, root) {
	if ("const" in schema) return "fixed";
	if (schema.enum) return "choice";
	if (schema.variants) return kind_of_variants(schema.variants, root);
	if (schema["x-dartwing-link"]) return "link";
	if (schema["x-dartwing-upload"]) return "upload";
	if (schema.type === "array") return schema.items && !schema.prefixItems ? "list" : "json";
	if (schema.type === "object") return schema.properties && !schema.patternProperties ? "object" : "json";
	if (schema.type === "string") return STRINGS[schema.format] ?? "text";
	return SCALARS[schema.type] ?? "json";
}

const SCALARS = { boolean: "check", integer: "integer", number: "number" };
const STRINGS = { date: "date", "date-time": "moment", time: "time", decimal: "decimal" };

function kind_of_variants(variants, root) {
	const each = variants.map((one) => plain(one, root).schema);
	if (each.every((one) => one.type === "object" && one.properties)) return "union";
	// as pydantic writes Decimal
	const types = each.map((one) => one.type);
	const is_decimal = types.length === 2 && types.includes("number") && types.includes("string");
	return is_decimal ? "decimal" : "json";
}

export const label_of = (name) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");

// A template says what a field takes with the value that it begins with. A list of texts is a choice.
export function schema_of_template(template) {
	if (!template) return { title: "", "x-dartwing-any-object": true };
	const entries = Object.entries(template);
	return {
		type: "object",
		properties: Object.fromEntries(entries.map(([name, value]) => [name, schema_of_value(value)])),
		required: Object.keys(template),
	};
}

function schema_of_value(value) {
	if (typeof value === "boolean") return { type: "boolean", default: value };
	if (typeof value === "number" || value instanceof ExactNumber) return { type: "number", default: value };
	if (Array.isArray(value) && value.length && value.every((one) => typeof one === "string"))
		return { enum: value, default: value[0] };
	if (typeof value === "string")
		return { type: "string", default: value, "x-dartwing-lines": value.includes("\n") };
	return { default: value };
}

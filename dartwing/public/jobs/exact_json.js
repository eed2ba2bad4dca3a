// JSON whose numbers stay as they were written. JavaScript keeps whole numbers only up to 2^53: of an id
// like 9007199254740993 it would make …992.

// strings, each with the colon that makes it a key, and numbers
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// what a number that must be kept as text begins with while it is read; of the private use area
const MARK = "\uE000";
const MARKED = /^"(?:\uE000|\\u[eE]000)/;
const KEPT_DIGITS = 17;

// A number that JavaScript cannot hold.
export class ExactNumber {
	constructor(text) {
		this.text = text;
	}

	toString() {
		return this.text;
	}
}

// As JSON.parse, with an ExactNumber for each number that would become another one.
export function parse(text) {
	// says what is wrong with it
	JSON.parse(text);
	const marked = text.replace(TOKEN, (token, string, colon) => {
		if (string === undefined) return is_kept(token) ? token : `"${MARK}${token}"`;
		return !colon && MARKED.test(string) ? `"${MARK}${string.slice(1)}` : token;
	});
	return JSON.parse(marked, (_key, value) => {
		if (typeof value !== "string" || value[0] !== MARK) return value;
		return value[1] === MARK ? value.slice(1) : new ExactNumber(value.slice(1));
	});
}

function is_kept(token) {
	const value = Number(token);
	if (/^-?\d+$/.test(token)) return String(value) === token;
	const digits = token
		.replace(/[eE].*/, "")
		.replace(/\D/g, "")
		.replace(/^0+/, "");
	return Number.isFinite(value) && digits.length <= KEPT_DIGITS;
}

// As JSON.stringify with an indent of two spaces.
export function stringify(value, margin = "") {
	if (value instanceof ExactNumber) return value.text;
	if (value === null || typeof value !== "object") return JSON.stringify(value);
	const [open, close] = Array.isArray(value) ? "[]" : "{}";
	const inner = `${margin}  `;
	const items = Array.isArray(value)
		? value.map((one) => stringify(one, inner))
		: Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${stringify(one, inner)}`);
	if (!items.length) return open + close;
	return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${margin}${close}`;
}

// What a number field holds, as JSON writes it: without needless zeros, and with one before the point.
export const number_as_json = (text) => text.replace(/^(-?)0+(?=\d)/, "$1").replace(/^(-?)\./, "$10.");

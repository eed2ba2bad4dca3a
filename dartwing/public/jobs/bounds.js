// The bounds that a schema says of a value, in words: of texts, lists and numbers. Numbers are compared as
// they are written, which JavaScript's own would not do exactly.

import { __ } from "./wording.js";

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i;
// numbers that are further apart than so many digits are left to the server
const MOST_DIGITS = 1_000;

// What is wrong with a number, which is given as text; "" if nothing is.
export function number_misfit(text, schema) {
	const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
	const is = (bound, test) => bound != null && test(...(scaled(text, String(bound)) ?? []));
	if (is(minimum, (value, bound) => value < bound)) return __("At least {0}.", [minimum]);
	if (is(exclusiveMinimum, (value, bound) => value <= bound)) return __("More than {0}.", [exclusiveMinimum]);
	if (is(maximum, (value, bound) => value > bound)) return __("At most {0}.", [maximum]);
	if (is(exclusiveMaximum, (value, bound) => value >= bound)) return __("Less than {0}.", [exclusiveMaximum]);
	if (is(multipleOf, (value, unit) => unit > 0n && value % unit !== 0n))
		return __("A multiple of {0}.", [multipleOf]);
	return "";
}

// Both numbers as whole ones of the same unit; null for what is none, or too long.
function scaled(...texts) {
	const parts = texts.map((text) => DECIMAL.exec(text));
	if (!parts.every((found) => found && found[2] + found[3])) return null;
	const numbers = parts.map(([, sign, whole, rest, exponent]) => ({
		digits: BigInt(whole + rest) * (sign === "-" ? -1n : 1n),
		exponent: Number(exponent ?? 0) - rest.length,
	}));
	const least = Math.min(...numbers.map(({ exponent }) => exponent));
	if (numbers.some(({ exponent }) => exponent - least > MOST_DIGITS)) return null;
	return numbers.map(({ digits, exponent }) => digits * 10n ** BigInt(exponent - least));
}

// A character is what the server counts, too: a code point.
export function text_misfit(text, { minLength, maxLength }) {
	const { length } = [...text];
	if (length < minLength)
		return minLength === 1 ? __("At least 1 character.") : __("At least {0} characters.", [minLength]);
	if (length > maxLength)
		return maxLength === 1 ? __("At most 1 character.") : __("At most {0} characters.", [maxLength]);
	return "";
}

export function list_misfit(count, { minItems, maxItems }) {
	if (count < minItems) return __("At least {0}.", [minItems]);
	return count > maxItems ? __("At most {0}.", [maxItems]) : "";
}

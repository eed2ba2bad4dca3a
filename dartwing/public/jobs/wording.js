// The texts of forms for parameters. The page /jobs and Desk both show them, and each translates in its own way.

export let __ = (text) => text;

// `translate` takes a text and the values for its {0}, {1}, …
export function translate_with(translate) {
	__ = translate;
}

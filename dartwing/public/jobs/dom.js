// Elements, made and changed without touching what stays the same.

// h("button", { class: "quiet", onclick }, "Close"): properties that are false or null are left out.
export function h(name, properties = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(properties)) {
		if (value === false || value == null) continue;
		if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
		else element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children.flat().filter((child) => child != null && child !== false));
	return element;
}

export function select(name, options, chosen) {
	return h(
		"select",
		{ name },
		options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
	);
}

// Change a text only when it is another one, so that nothing is read out or redrawn in vain.
export function set_text(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

export function set_attribute(element, name, value) {
	if (value == null || value === false) element.removeAttribute(name);
	else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export const by_id = (id) => document.getElementById(id);

// A dialog with a title and a close button, which gives the focus back to where it was.
// `on_close` is told what it was closed with.
export function open_dialog({ title, kind = "", close_label, on_close }, ...content) {
	const opener = document.activeElement;
	// where to go when what opened the dialog is gone by then
	const near =
		opener?.closest("dialog")?.querySelector("h2") ?? opener?.closest("li")?.querySelector(".title");
	const heading = h(
		"h2",
		{ id: `title-${crypto.getRandomValues(new Uint32Array(1))[0]}`, tabindex: -1 },
		title,
	);
	const close = h("button", { type: "button", class: "close", "aria-label": close_label }, "×");
	const dialog = h(
		"dialog",
		{ class: kind, "aria-labelledby": heading.id },
		h("div", { class: "dialog-head" }, heading, close),
		...content,
	);
	close.addEventListener("click", () => dialog.close());
	// a click beside the dialog is one on its backdrop
	dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
	dialog.addEventListener("close", () => {
		dialog.remove();
		on_close?.(dialog.returnValue);
		// the event comes later than the close; whoever has pressed Tab since then is not called back
		if (document.activeElement !== document.body) return;
		[opener, near].find((element) => element?.isConnected)?.focus();
	});
	document.body.append(dialog);
	dialog.showModal();
	return { dialog, heading };
}

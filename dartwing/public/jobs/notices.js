// What the user is told: announcements for screen readers, and alerts at the top of the page.

import { boot } from "./boot.js";
import { by_id, h } from "./dom.js";
import { __ } from "./texts.js";

const AT_ONCE = 3;
const TOGETHER_MS = 1_000;

let waiting = [];

// Read out politely. What comes within a second is said together, and many things only counted.
export function announce(text) {
	waiting.push(text);
	if (waiting.length > 1) return;
	setTimeout(() => {
		const texts = waiting;
		waiting = [];
		const said = texts.slice(0, AT_ONCE).join(". ");
		const rest = texts.length - AT_ONCE;
		by_id("announcer").textContent = rest > 0 ? __("{0}, and {1} more changes", [said, rest]) : said;
	}, TOGETHER_MS);
}

// One alert of each kind at a time; it stays until it is dismissed or `clear_alert` is called.
export function show_alert(kind, text, { action = null, is_final = false } = {}) {
	clear_alert(kind);
	const alert = h("div", { class: "notice", "data-kind": kind }, h("p", {}, text), action);
	if (!is_final) {
		alert.append(
			h(
				"button",
				{ type: "button", class: "close", "aria-label": __("Dismiss"), onclick: () => alert.remove() },
				"×",
			),
		);
	}
	by_id("alerts").append(alert);
}

export function clear_alert(kind) {
	document.querySelector(`#alerts [data-kind="${kind}"]`)?.remove();
}

// `user` is who is logged in instead, or null.
export function show_session_end(user) {
	document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
	const back = encodeURIComponent(location.pathname + location.search);
	if (user) {
		const reload = h("a", { class: "button", href: location.href }, __("Reload the page"));
		const text =
			user === boot.user
				? __("You have logged in again since this page was opened.")
				: __("You are logged in as {0} now, not as {1} any more.", [user, boot.user]);
		show_alert("session", text, { action: reload, is_final: true });
	} else {
		const login = h("a", { class: "button", href: `/login?redirect-to=${back}` }, __("Log in again"));
		show_alert("session", __("Your session has ended."), { action: login, is_final: true });
	}
}

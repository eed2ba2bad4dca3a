// What a user may do to a job: the buttons, and the questions before what cannot be undone.

import { cancel_job, discard_job, retry_job, run_for_real, SessionEnded } from "./api.js";
import { type_label } from "./boot.js";
import { h, open_dialog } from "./dom.js";
import { announce, show_alert } from "./notices.js";
import { can_cancel, can_retry, can_run_for_real } from "./statuses.js";
import { __ } from "./texts.js";

const NAMES = { cancel: __("Cancel"), retry: __("Try again"), discard: __("Discard"), real: __("Run for real") };

export function actions_of(job) {
	return [
		can_cancel(job) && "cancel",
		can_run_for_real(job) && "real",
		can_retry(job) && "retry",
		can_retry(job) && "discard",
	].filter(Boolean);
}

// A button that does it; `on_done` is called with the answer when the server has done it.
export function action_button(action, job, on_done) {
	const label = __("{0} {1} {2}", [NAMES[action], type_label(job.job_type), job.job_id]);
	return h(
		"button",
		{
			type: "button",
			class: ["retry", "real"].includes(action) ? "" : "danger",
			"data-action": action,
			"aria-label": label,
			onclick: () => ask[action](job, on_done),
		},
		NAMES[action],
	);
}

const ask = {
	cancel: (job, on_done) =>
		confirm_dialog({
			title: __("Cancel this job?"),
			text: __("{0} stops, and nothing of its work is kept.", [named(job)]),
			proceed: __("Cancel the job"),
			stay: __("Let it go on"),
			run: () => cancel_job(job.job_id),
			on_done,
		}),
	real: (job, on_done) =>
		confirm_dialog({
			title: __("Run this job for real?"),
			text: __("{0} is submitted again with the same parameters, and what it does stays.", [named(job)]),
			proceed: __("Run for real"),
			stay: __("Not now"),
			is_harmless: true,
			run: () => run_for_real(job.job_id),
			on_done,
		}),
	retry: (job, on_done) => {
		// only the details know of steps
		const anew = job.steps?.length ? anew_input() : null;
		confirm_dialog({
			title: __("Try this job again?"),
			text: __("{0} gets a fresh set of attempts.", [named(job)]),
			field: anew && anew_field(anew),
			proceed: __("Try again"),
			stay: __("Not now"),
			is_harmless: true,
			run: () => retry_job(job.job_id, Boolean(anew && anew.checked)),
			on_done,
		});
	},
	discard: (job, on_done) => {
		const reason = reason_input();
		confirm_dialog({
			title: __("Discard this job?"),
			text: __("{0} is canceled for good. The reason stays in its history.", [named(job)]),
			field: reason_field(reason),
			proceed: __("Discard the job"),
			stay: __("Keep it"),
			run: () => discard_job(job.job_id, reason.value),
			on_done,
		});
	},
};

// --- what questions ask

export const reason_input = () =>
	h("input", { name: "reason", type: "text", required: true, maxlength: 140, autocomplete: "off" });
export const reason_field = (input) => h("label", {}, h("span", {}, __("Reason")), input);
export const anew_input = () => h("input", { name: "begin_anew", type: "checkbox" });
export const anew_field = (input) =>
	h("label", { class: "check" }, input, h("span", {}, __("Do again the steps that are done")));

const named = (job) => `${type_label(job.job_type)} ${job.job_id}`;

// A question, and what follows when it is answered: `run` asks the server, `on_done` is called with its
// answer. With `outcome`, the dialog then shows what that makes of the answer.
export function confirm_dialog({ title, text, field, proceed, stay, is_harmless, run, outcome, on_done }) {
	const error = h("p", { class: "error", role: "alert" });
	const go = h("button", { type: "submit", class: is_harmless ? "primary" : "primary danger" }, proceed);
	const back = h("button", { type: "button", onclick: () => dialog.close() }, stay);
	const form = h(
		"form",
		{ class: "dialog-body" },
		h("p", {}, text),
		field,
		error,
		h("div", { class: "buttons" }, back, go),
	);
	const { dialog } = open_dialog({ title, kind: "question", close_label: __("Close") }, form);
	(field?.querySelector("input") ?? go).focus();
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		error.textContent = "";
		set_busy(go, true);
		try {
			const answer = await run();
			if (outcome && dialog.isConnected) show_outcome(dialog, form, outcome(answer));
			else dialog.close();
			if (answer.message) announce(answer.message);
			on_done(answer);
		} catch (refusal) {
			set_busy(go, false);
			tell_refusal(refusal, error);
		}
	});
}

function show_outcome(dialog, form, shown) {
	const close = h("button", { type: "button", onclick: () => dialog.close() }, __("Close"));
	form.replaceChildren(
		h("div", { class: "outcome", role: "status" }, shown),
		h("div", { class: "buttons" }, close),
	);
	close.focus();
}

// In the dialog that asked, or on the page when there was none or it was closed meanwhile. `text` is what a
// form has not shown at its fields.
export function tell_refusal(refusal, error, text = refusal.message) {
	if (refusal instanceof SessionEnded || !text) return;
	if (error?.isConnected) error.textContent = text;
	else show_alert("refusal", text);
}

export function set_busy(button, is_busy) {
	button.disabled = is_busy;
	button.setAttribute("aria-busy", is_busy);
}

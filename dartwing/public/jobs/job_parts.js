// Parts of a job that the list and the details show alike.

import { status_label } from "./boot.js";
import { h, set_attribute, set_text } from "./dom.js";
import { is_finished, tone, WAITING_FOR_RETRY } from "./statuses.js";
import { __, duration, number, relative, roughly, seconds_between, seconds_since } from "./texts.js";

export function status_pill() {
	const text = h("span");
	const element = h("span", { class: "status" }, h("span", { class: "dot", "aria-hidden": "true" }), text);
	return {
		element,
		update(status, shown_tone = tone(status), label = status_label(status)) {
			set_attribute(element, "data-tone", shown_tone);
			set_text(text, label);
		},
	};
}

export function progress_bar() {
	const bar = h("progress", { max: 100, value: 0 });
	const percent = h("span", { class: "percent" });
	const message = h("span", { class: "progress-message" });
	const element = h(
		"div",
		{ class: "progress" },
		bar,
		h("div", { class: "progress-text" }, message, percent),
	);
	return {
		element,
		update(job) {
			element.hidden = !(job.status === "Running" || (job.progress > 0 && !is_finished(job)));
			if (element.hidden) return;
			const value = Math.min(100, Math.max(0, job.progress || 0));
			if (bar.value !== value) bar.value = value;
			set_attribute(bar, "aria-label", __("Progress of {0}", [job.job_id]));
			set_text(percent, __("{0} %", [number(Math.floor(value))]));
			set_text(message, job.progress_message ?? "");
		},
	};
}

export function download_link({ text, url }, label) {
	// only files of this site: others are opened
	return h(
		"a",
		{ class: "button", href: url, download: url.startsWith("/") && text, "aria-label": `${label} ${text}` },
		label,
	);
}

// One sentence on where a job stands, beside its status.
export function standing(job) {
	const became = job.real_job && __("run for real as {0}", [job.real_job]);
	return [job.is_dry_run && __("dry run"), became, where_it_stands(job)].filter(Boolean).join(" · ");
}

function where_it_stands(job) {
	if (job.status === "Running" && job.started_at) {
		const ran = __("for {0}", [duration(seconds_since(job.started_at))]);
		return [ran, ...how_long(job)].join(" · ");
	}
	if (WAITING_FOR_RETRY.includes(job.status) && job.next_retry_at) {
		const attempts = [relative(job.next_retry_at), job.retry_count + 1, job.max_retries];
		return __("next try {0}, {1} of {2}", attempts);
	}
	if (job.status === "Pending" && job.depends_on.length) {
		const [first, ...more] = job.depends_on;
		return more.length
			? __("waits for {0} and {1} more", [first, more.length])
			: __("waits for {0}", [first]);
	}
	if (job.status === "Pending" && is_ahead(job.waits_until))
		return __("starts {0}", [relative(job.waits_until)]);
	if (job.status === "Completed" && job.started_at && job.completed_at) {
		return __("took {0}", [duration(seconds_between(job.started_at, job.completed_at))]);
	}
	return "";
}

// What a running job is likely to take yet; nothing where nobody knows.
function how_long({ started_at, usual_seconds, p95_seconds, likely_end }) {
	if (!usual_seconds) return [];
	const elapsed = seconds_since(started_at);
	const left = likely_end ? -seconds_since(likely_end) : 0;
	return [
		elapsed > p95_seconds || (left <= 0 && elapsed > usual_seconds) ? __("longer than usual") : null,
		left > 0 ? __("about {0} left", [roughly(left)]) : null,
	].filter(Boolean);
}

export function usual_duration({ usual_seconds, p95_seconds }) {
	if (usual_seconds == null) return null;
	const values = [roughly(usual_seconds), roughly(p95_seconds)];
	if (values[0] === values[1]) return __("usually {0}", values);
	return __("usually {0}, 95 of 100 within {1}", values);
}

const is_ahead = (time) => Boolean(time) && seconds_since(time) < 0;

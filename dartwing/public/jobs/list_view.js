// The list of jobs. Each row is made once and then only changed where the job did, so that focus,
// selection and what a screen reader is reading stay where they are.

import { action_button, actions_of } from "./actions.js";
import { boot, status_label, type_label } from "./boot.js";
import { by_id, h, set_attribute, set_text } from "./dom.js";
import { download_link, progress_bar, standing, status_pill } from "./job_parts.js";
import { announce } from "./notices.js";
import { is_finished, tone, WAITING_FOR_RETRY } from "./statuses.js";
import { __, moment, number, relative } from "./texts.js";

const SEVERAL_ORGANIZATIONS = boot.organizations.length > 1;

export class ListView {
	constructor({ store, on_open, on_changed }) {
		Object.assign(this, { store, on_open, on_changed });
		this.list = by_id("rows");
		this.rows = new Map();
		setInterval(() => this.rows.forEach((row) => row.tick()), 1_000);
	}

	render({ empty }) {
		const jobs = this.store.rows;
		this.drop_rows(new Set(jobs.map((job) => job.job_id)));
		let previous = null;
		for (const job of jobs) {
			const row = this.row_of(job);
			row.update(job);
			const place = previous ? previous.nextElementSibling : this.list.firstElementChild;
			if (place !== row.element) this.list.insertBefore(row.element, place);
			previous = row.element;
		}
		this.render_count(jobs.length, empty);
	}

	// While there is no answer about what was asked for.
	show_nothing() {
		this.drop_rows(new Set());
		set_text(by_id("count"), __("Loading…"));
		by_id("older").hidden = true;
		by_id("empty").hidden = true;
	}

	row_of(job) {
		if (!this.rows.has(job.job_id)) this.rows.set(job.job_id, new Row(this));
		return this.rows.get(job.job_id);
	}

	// Rows go; the focus that was in one goes to its neighbour.
	drop_rows(kept) {
		for (const [job_id, row] of this.rows) {
			if (kept.has(job_id)) continue;
			if (row.element.contains(document.activeElement)) this.move_focus_from(row.element);
			row.element.remove();
			this.rows.delete(job_id);
		}
	}

	move_focus_from(element) {
		const neighbour = element.nextElementSibling ?? element.previousElementSibling;
		(neighbour?.querySelector(".title") ?? by_id("jobs")).focus();
	}

	render_count(shown, empty) {
		const total = Math.max(this.store.total, shown);
		const text =
			shown < total ? __("{0} of {1} jobs", [number(shown), number(total)]) : __("{0} jobs", [number(shown)]);
		set_text(by_id("count"), shown === 1 && total === 1 ? __("1 job") : text);
		by_id("older").hidden = !this.store.has_more;
		by_id("empty").hidden = shown > 0;
		if (!shown) by_id("empty").replaceChildren(...empty);
	}

	focus(job_id) {
		this.rows.get(job_id)?.title.focus();
	}
}

const actions_key = (job) => String([...actions_of(job), job.output?.url]);

// What a job that is not running has to say: why it failed, or where it ended.
function note(job) {
	if (job.status === "Dead Letter" || WAITING_FOR_RETRY.includes(job.status)) return job.error_message ?? "";
	return is_finished(job) ? (job.progress_message ?? "") : "";
}

class Row {
	constructor(list) {
		this.list = list;
		this.status = status_pill();
		this.progress = progress_bar();
		this.name = h("span");
		this.job_id = h("span", { class: "job-id" });
		this.title = h(
			"button",
			{ type: "button", class: "title", onclick: () => list.on_open(this.job.job_id) },
			this.name,
			" ",
			this.job_id,
		);
		this.organization = h("span", { class: "organization" });
		this.submitted = h("time");
		this.owner = h("span");
		this.standing = h("span", { class: "standing" });
		this.note = h("p", { class: "note" });
		this.actions = h("div", { class: "actions" });
		this.element = h(
			"li",
			{ class: "row" },
			h(
				"div",
				{ class: "what" },
				this.title,
				h("p", { class: "meta" }, this.organization, this.owner, this.submitted),
			),
			h("div", { class: "how" }, this.progress.element, this.note),
			h("div", { class: "state" }, this.status.element, this.standing),
			this.actions,
		);
	}

	update(job) {
		const is_news = this.job && this.job.status !== job.status;
		this.job = job;
		// whether an event or a reading brought it
		if (is_news) announce(`${type_label(job.job_type)} ${job.job_id}: ${status_label(job.status)}`);
		set_attribute(this.element, "data-job", job.job_id);
		set_attribute(this.element, "data-tone", tone(job.status));
		set_text(this.name, type_label(job.job_type));
		set_text(this.job_id, job.job_id);
		set_text(this.organization, SEVERAL_ORGANIZATIONS ? job.organization : "");
		this.organization.hidden = !SEVERAL_ORGANIZATIONS;
		set_text(this.owner, job.is_mine ? __("by you") : job.owner_name);
		set_attribute(this.submitted, "datetime", job.created_at);
		set_attribute(this.submitted, "title", moment(job.created_at));
		this.status.update(job.status);
		this.progress.update(job);
		set_text(this.note, note(job));
		this.note.hidden = !this.note.textContent;
		if (this.shown_actions !== actions_key(job)) this.update_actions();
		this.tick();
	}

	update_actions() {
		const had_focus = this.actions.contains(document.activeElement);
		const buttons = actions_of(this.job)
			.filter((action) => action !== "discard")
			.map((action) => action_button(action, this.job, () => this.list.on_changed(this.job.job_id)));
		const { output } = this.job;
		if (output?.url) buttons.push(download_link(output, __("Download")));
		this.shown_actions = actions_key(this.job);
		this.actions.replaceChildren(...buttons);
		if (had_focus) this.title.focus();
	}

	// what changes with the time alone
	tick() {
		set_text(this.submitted, relative(this.job.created_at));
		set_text(this.standing, standing(this.job));
	}
}

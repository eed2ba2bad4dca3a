// Lists of rows. Each row is made once and then only changed where its job did, so that focus,
// selection and what a screen reader is reading stay where they are.

import { action_button, actions_of } from "./actions.js";
import { boot, status_label, type_label } from "./boot.js";
import { by_id, h, set_attribute, set_text } from "./dom.js";
import { download_link, progress_bar, standing, status_pill } from "./job_parts.js";
import { announce } from "./notices.js";
import { failed_dry_run, is_finished, tone, WAITING_FOR_RETRY } from "./statuses.js";
import { __, moment, number, relative } from "./texts.js";

const SEVERAL_ORGANIZATIONS = boot.organizations.length > 1;

export class RowList {
	// `make_row()` makes one with an `element`, a `title` that takes the focus, `update(row)` and `tick()`.
	constructor({ element, key, make_row, when_empty }) {
		Object.assign(this, { element, key, make_row, when_empty, rows: new Map() });
		this.timer = setInterval(() => this.rows.forEach((row) => row.tick()), 1_000);
	}

	close() {
		clearInterval(this.timer);
		this.rows.forEach((row) => row.close?.());
	}

	render(items) {
		this.drop_rows(new Set(items.map((item) => item[this.key])));
		let previous = null;
		for (const item of items) {
			const row = this.row_of(item[this.key]);
			row.update(item);
			const place = previous ? previous.nextElementSibling : this.element.firstElementChild;
			if (place !== row.element) this.element.insertBefore(row.element, place);
			previous = row.element;
		}
	}

	row_of(name) {
		if (!this.rows.has(name)) this.rows.set(name, this.make_row());
		return this.rows.get(name);
	}

	// Rows go; the focus that was in one goes to its neighbour.
	drop_rows(kept) {
		for (const [name, row] of this.rows) {
			if (kept.has(name)) continue;
			if (row.element.contains(document.activeElement)) this.move_focus_from(row.element);
			row.close?.();
			row.element.remove();
			this.rows.delete(name);
		}
	}

	move_focus_from(element) {
		const neighbour = element.nextElementSibling ?? element.previousElementSibling;
		(neighbour?.querySelector(".title") ?? this.when_empty).focus();
	}

	focus(name) {
		this.rows.get(name)?.title.focus();
	}
}

// The list of jobs, with its heading and what is below it.
export class ListView {
	constructor({ store, on_open, on_changed }) {
		this.store = store;
		this.list = new RowList({
			element: by_id("rows"),
			key: "job_id",
			make_row: () => new JobRow({ on_open, on_changed }),
			when_empty: by_id("jobs"),
		});
	}

	// `are_lone` says that others are listed with their groups.
	render({ empty, are_lone }) {
		this.list.render(this.store.rows);
		const shown = this.store.size;
		set_text(by_id("count"), (are_lone ? count_of_lone : count_of)(shown, Math.max(this.store.total, shown)));
		by_id("older").hidden = !this.store.has_more;
		by_id("empty").hidden = shown > 0;
		if (!shown) by_id("empty").replaceChildren(...empty);
	}

	// While there is no answer about what was asked for, or nothing was.
	show_nothing(text = __("Loading…")) {
		this.list.render([]);
		set_text(by_id("count"), text);
		by_id("older").hidden = true;
		by_id("empty").hidden = true;
	}

	focus(job_id) {
		this.list.focus(job_id);
	}
}

function count_of(shown, total) {
	if (total === Infinity) return __("the newest {0} jobs", [number(shown)]);
	if (shown < total) return __("{0} of {1} jobs", [number(shown), number(total)]);
	return shown === 1 ? __("1 job") : __("{0} jobs", [number(shown)]);
}

function count_of_lone(shown, total) {
	if (total === Infinity) return __("the newest {0} single jobs", [number(shown)]);
	if (shown < total) return __("{0} of {1} single jobs", [number(shown), number(total)]);
	return shown === 1 ? __("1 single job") : __("{0} single jobs", [number(shown)]);
}

const actions_key = (job) => String([...actions_of(job), job.output?.url]);

// What a job that is not running has to say: why it failed, or where it ended.
function note(job) {
	const has_failed = job.status === "Dead Letter" || WAITING_FOR_RETRY.includes(job.status);
	if (has_failed || failed_dry_run(job)) return job.error_message ?? "";
	return is_finished(job) ? (job.progress_message ?? "") : "";
}

// Whose it is, and since when: of a job, or of a group.
export function meta_line() {
	const organization = h("span", { class: "organization", hidden: !SEVERAL_ORGANIZATIONS });
	const owner = h("span");
	const submitted = h("time");
	return {
		element: h("p", { class: "meta" }, organization, owner, submitted),
		update(row) {
			set_text(organization, SEVERAL_ORGANIZATIONS ? row.organization : "");
			set_text(owner, row.is_mine ? __("by you") : row.owner_name);
			set_attribute(submitted, "datetime", row.created_at);
			set_attribute(submitted, "title", moment(row.created_at));
			set_text(submitted, relative(row.created_at));
		},
	};
}

export class JobRow {
	// `is_member` is one that is listed with its group.
	constructor({ on_open, on_changed, is_member = false }) {
		Object.assign(this, { on_changed, is_member });
		this.status = status_pill();
		this.progress = progress_bar();
		this.name = h("span");
		this.job_id = h("span", { class: "job-id" });
		this.title = h(
			"button",
			{ type: "button", class: "title", onclick: () => on_open(this.job.job_id) },
			this.name,
			" ",
			this.job_id,
		);
		this.meta = meta_line();
		this.group = h("span", { class: "of-group" });
		this.meta.element.append(this.group);
		this.standing = h("span", { class: "standing" });
		this.note = h("p", { class: "note" });
		this.actions = h("div", { class: "actions" });
		this.element = h(
			"li",
			{ class: "row" },
			h("div", { class: "what" }, this.title, this.meta.element),
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
		set_text(this.group, job.job_group ? __("of {0}", [job.group_title ?? job.job_group]) : "");
		this.group.hidden = this.is_member || !job.job_group;
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
			.map((action) => action_button(action, this.job, () => this.on_changed(this.job.job_id)));
		const { output } = this.job;
		if (output?.url) buttons.push(download_link(output, __("Download")));
		this.shown_actions = actions_key(this.job);
		this.actions.replaceChildren(...buttons);
		if (had_focus) this.title.focus();
	}

	// what changes with the time alone
	tick() {
		this.meta.update(this.job);
		set_text(this.standing, standing(this.job));
	}
}

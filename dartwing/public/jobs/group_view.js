// Groups of jobs: one row for each, which opens to its jobs in their order.

import { status_label } from "./boot.js";
import { by_id, h, set_attribute, set_text } from "./dom.js";
import { group_action_button, group_actions_of } from "./group_actions.js";
import { status_pill } from "./job_parts.js";
import { JobRow, meta_line, RowList } from "./list_view.js";
import { announce } from "./notices.js";
import { group_tone } from "./statuses.js";
import { __, duration, number, seconds_between, seconds_since } from "./texts.js";

export class GroupsView {
	// `members_of(group_id, render)` begins to read the jobs of a group, and `close_members` ends it.
	constructor({ store, members_of, close_members, on_open, on_changed, on_job_changed }) {
		Object.assign(this, { store });
		const options = { members_of, close_members, on_open, on_changed, on_job_changed };
		this.list = new RowList({
			element: by_id("group-rows"),
			key: "group_id",
			make_row: () => new GroupRow(options),
			when_empty: by_id("jobs"),
		});
	}

	// `wanted` is the one group that was asked for.
	render({ wanted, empty }) {
		this.list.render(this.store.rows);
		const shown = this.store.size;
		const total = Math.max(this.store.total, shown);
		by_id("groups").hidden = !shown && !wanted;
		by_id("no-group").hidden = Boolean(shown);
		if (!shown && wanted) by_id("no-group").replaceChildren(...empty);
		set_text(by_id("group-count"), count_of(shown, total));
		by_id("older-groups").hidden = !this.store.has_more;
		this.open_once(wanted);
	}

	// The group that was asked for is opened; whoever closes it again wants that.
	open_once(wanted) {
		const row = this.list.rows.get(wanted);
		if (row && this.opened !== wanted) row.open();
		this.opened = row ? wanted : null;
	}

	show_nothing() {
		this.list.render([]);
		by_id("groups").hidden = true;
	}

	focus(group_id) {
		this.list.focus(group_id);
	}
}

function count_of(shown, total) {
	if (shown < total) return __("{0} of {1} groups", [number(shown), number(total)]);
	return shown === 1 ? __("1 group") : __("{0} groups", [number(shown)]);
}

class GroupRow {
	constructor({ members_of, close_members, on_open, on_changed, on_job_changed }) {
		Object.assign(this, { members_of, close_members, on_open, on_changed, on_job_changed });
		this.status = status_pill();
		this.name = h("span");
		this.group_id = h("span", { class: "job-id" });
		this.title = h(
			"button",
			{ type: "button", class: "title opens", "aria-expanded": "false", onclick: () => this.toggle() },
			this.name,
			" ",
			this.group_id,
		);
		this.meta = meta_line();
		this.bar = h("progress", { max: 100, value: 0 });
		this.ended = h("span");
		this.percent = h("span", { class: "percent" });
		this.standing = h("span", { class: "standing" });
		this.actions = h("div", { class: "actions" });
		// what is for good stands with the jobs that it is about
		this.final_actions = h("div", { class: "buttons" });
		this.row = h(
			"div",
			{ class: "row" },
			h("div", { class: "what" }, this.title, this.meta.element),
			h("div", { class: "how" }, this.bar, h("div", { class: "progress-text" }, this.ended, this.percent)),
			h("div", { class: "state" }, this.status.element, this.standing),
			this.actions,
		);
		this.element = h("li", { class: "group" }, this.row);
	}

	update(group) {
		const is_news = this.group && this.group.status !== group.status;
		this.group = group;
		if (is_news) announce(`${group.title} ${group.group_id}: ${status_label(group.status)}`);
		set_attribute(this.element, "data-group", group.group_id);
		set_attribute(this.row, "data-tone", group_tone(group.status));
		set_text(this.name, group.title);
		set_text(this.group_id, group.group_id);
		this.status.update(group.status, group_tone(group.status));
		if (this.bar.value !== group.progress) this.bar.value = group.progress;
		set_attribute(this.bar, "aria-label", __("Progress of {0}", [group.title]));
		set_text(this.ended, ended_text(group));
		set_text(this.percent, __("{0} %", [number(Math.floor(group.progress))]));
		const wanted = String(group_actions_of(group));
		if (this.shown_actions !== wanted) this.update_actions(wanted);
		this.tick();
	}

	update_actions(wanted) {
		const places = [this.actions, this.final_actions];
		const had_focus = places.some((place) => place.contains(document.activeElement));
		this.shown_actions = wanted;
		places.forEach((place) => place.replaceChildren());
		for (const action of group_actions_of(this.group)) {
			const on_done = () => this.on_changed(this.group.group_id);
			const place = action === "discard" ? this.final_actions : this.actions;
			place.append(group_action_button(action, () => this.group, on_done));
		}
		if (had_focus) this.title.focus();
	}

	tick() {
		this.meta.update(this.group);
		set_text(this.standing, standing(this.group));
	}

	// --- its jobs

	toggle() {
		if (this.members) this.close();
		else this.open();
	}

	open() {
		if (this.members) return;
		const list = h("ol", { class: "member-rows", role: "list" });
		const more = h("button", { type: "button", onclick: () => this.show_more() }, __("Show more jobs"));
		this.more = h("p", { class: "more", hidden: true }, more);
		this.problem = h("p", { class: "hint" }, __("Loading…"));
		this.region = h(
			"div",
			{ class: "members", id: `members-${this.group.group_id}` },
			this.problem,
			list,
			this.more,
			this.final_actions,
		);
		this.element.append(this.region);
		set_attribute(this.title, "aria-controls", this.region.id);
		set_attribute(this.title, "aria-expanded", "true");
		this.members = new RowList({
			element: list,
			key: "job_id",
			make_row: () => new JobRow({ on_open: this.on_open, on_changed: this.on_job_changed, is_member: true }),
			when_empty: this.title,
		});
		this.feed = this.members_of(this.group.group_id, () => this.render_members());
	}

	close() {
		if (!this.members) return;
		this.members.close();
		this.close_members(this.group.group_id);
		this.region.remove();
		this.members = null;
		set_attribute(this.title, "aria-controls", null);
		set_attribute(this.title, "aria-expanded", "false");
	}

	render_members() {
		if (!this.members) return;
		this.problem.hidden = true;
		this.members.render(this.feed.store.rows);
		this.more.hidden = !this.feed.store.has_more;
	}

	show_more() {
		this.feed.load_more((jobs, first) => {
			if (first) this.members?.focus(first);
			announce(__("{0} more jobs", [jobs.length]));
		});
	}
}

// "7 of 12 ended · 2 failed · 1 canceled"
function ended_text({ ended, job_count, count_by_status }) {
	const { "Dead Letter": failed, Canceled: canceled } = count_by_status;
	return [
		__("{0} of {1} ended", [number(ended), number(job_count)]),
		failed && __("{0} failed", [number(failed)]),
		canceled && __("{0} canceled", [number(canceled)]),
	]
		.filter(Boolean)
		.join(" · ");
}

function standing({ status, created_at, ended_at }) {
	if (status === "Running") return __("for {0}", [duration(seconds_since(created_at))]);
	return ended_at ? __("took {0}", [duration(seconds_between(created_at, ended_at))]) : "";
}

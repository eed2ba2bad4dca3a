// Schedules: one row for each, with what its admins may do to it.

import { confirm_dialog, tell_refusal } from "./actions.js";
import { delete_schedule, list_schedules, pause_schedule, resume_schedule } from "./api.js";
import { boot, status_label, type_label } from "./boot.js";
import { by_id, h, set_attribute, set_text } from "./dom.js";
import { status_pill } from "./job_parts.js";
import { lists_groups } from "./lists.js";
import { RowList } from "./list_view.js";
import { announce } from "./notices.js";
import { can_schedule, open_schedule_form } from "./schedule_form.js";
import { __, duration, moment, number, relative } from "./texts.js";

const PAGE = 20;
const MOST_AT_ONCE = 100;
// nothing tells of schedules but reading them
const FRESH_MS = 20_000;
const OUTCOMES = { submitted: __("submitted"), skipped: __("skipped"), refused: __("refused") };

export class SchedulesView {
	// `reading(kind, read)` reads, and says what went wrong; `on_open` opens a job.
	constructor({ reading, on_open }) {
		Object.assign(this, { reading, filters: {}, wanted: PAGE, readings: 0, last_read: 0 });
		const on_changed = () => this.read();
		this.list = new RowList({
			element: by_id("schedule-rows"),
			key: "schedule_id",
			make_row: () => new ScheduleRow({ on_open, on_changed }),
			when_empty: by_id("schedules"),
		});
		by_id("new-schedule").hidden = !can_schedule;
		by_id("new-schedule").addEventListener("click", () =>
			open_schedule_form({ organization: this.filters.organization, on_saved: on_changed }),
		);
		by_id("older-schedules").addEventListener("click", () => this.load_more());
	}

	// Those of the organization that was chosen; none beside one group, or jobs of one status or type.
	async choose(filters) {
		this.filters = filters;
		this.wanted = PAGE;
		this.is_wanted = lists_groups(filters) && !filters.group;
		if (!this.is_wanted) by_id("schedules").hidden = true;
		await this.read();
	}

	async refresh() {
		if (Date.now() - this.last_read >= FRESH_MS) await this.read();
	}

	async read() {
		if (!this.is_wanted) return;
		this.last_read = Date.now();
		const began = ++this.readings;
		await this.reading("schedules", async () => {
			const { schedules, total } = await this.read_rows(this.filters.organization);
			if (began === this.readings && this.is_wanted) this.render(schedules, total);
		});
	}

	async read_rows(organization) {
		const schedules = [];
		for (;;) {
			const limit = Math.min(this.wanted - schedules.length, MOST_AT_ONCE);
			const page = await list_schedules({ organization, limit, offset: schedules.length });
			schedules.push(...page.schedules);
			const is_last = !page.schedules.length || schedules.length >= Math.min(this.wanted, page.total);
			if (is_last) return { schedules, total: page.total };
		}
	}

	render(schedules, total) {
		this.shown = schedules.map((schedule) => schedule.schedule_id);
		this.list.render(schedules);
		set_text(by_id("schedule-count"), count_of(schedules.length, total));
		by_id("older-schedules").hidden = schedules.length >= total;
		by_id("schedules").hidden = !schedules.length && !can_schedule;
	}

	async load_more() {
		const before = this.shown;
		this.wanted += PAGE;
		await this.read();
		const more = this.shown.filter((schedule_id) => !before.includes(schedule_id));
		if (more.length) this.list.focus(more[0]);
		announce(__("{0} more schedules", [more.length]));
	}
}

function count_of(shown, total) {
	if (!shown) return __("No schedules");
	if (shown < total) return __("{0} of {1} schedules", [number(shown), number(total)]);
	return shown === 1 ? __("1 schedule") : __("{0} schedules", [number(shown)]);
}

class ScheduleRow {
	constructor({ on_open, on_changed }) {
		Object.assign(this, { on_open, on_changed });
		this.status = status_pill();
		this.name = h("span");
		this.title = h("span");
		this.organization = h("span", { hidden: boot.organizations.length < 2 });
		this.type = h("span");
		this.when = h("span");
		this.last = h("p", { class: "last" });
		this.note = h("p", { class: "note" });
		this.standing = h("time", { class: "standing" });
		this.actions = h("div", { class: "actions" });
		this.element = h(
			"li",
			{ class: "row" },
			h(
				"div",
				{ class: "what" },
				this.title,
				h("p", { class: "meta" }, this.organization, this.type, this.when),
			),
			h("div", { class: "how" }, this.last, this.note),
			h("div", { class: "state" }, this.status.element, this.standing),
			this.actions,
		);
	}

	update(schedule) {
		const is_changed = JSON.stringify(schedule) !== JSON.stringify(this.schedule);
		this.schedule = schedule;
		if (is_changed) this.show();
		this.tick();
	}

	show() {
		const { schedule_id, title, organization, job_type, may_administer, last_outcome } = this.schedule;
		set_attribute(this.element, "data-schedule", schedule_id);
		set_attribute(this.element, "data-tone", last_outcome?.outcome === "refused" ? "warning" : null);
		set_text(this.name, title);
		set_text(this.organization, boot.organizations.length > 1 ? organization : "");
		set_text(this.type, type_label(job_type));
		set_text(this.when, when_of(this.schedule));
		this.status.update(...state_of(this.schedule));
		set_text(this.note, last_outcome?.reason ?? "");
		this.note.hidden = !this.note.textContent;
		if (this.may_administer !== may_administer) this.show_title();
		this.show_last();
		this.show_actions();
	}

	// Only admins have something to open.
	show_title() {
		this.may_administer = this.schedule.may_administer;
		const title = this.may_administer
			? h("button", { type: "button", class: "title", onclick: () => this.edit() }, this.name)
			: h("p", { class: "title still", tabindex: -1 }, this.name);
		this.title.replaceWith(title);
		this.title = title;
	}

	show_last() {
		const { last_outcome: last } = this.schedule;
		this.ago = last && h("time", { datetime: last.slot, title: moment(last.slot) });
		const job = last?.job;
		const became = job
			? h("button", { type: "button", class: "link", onclick: () => this.on_open(job) }, job)
			: OUTCOMES[last?.outcome];
		const parts = last ? [this.ago, " ", became, job && ` ${status_label(last.status)}`] : [__("No job yet")];
		const had_focus = this.last.contains(document.activeElement);
		this.last.replaceChildren(...parts.filter(Boolean));
		if (had_focus) (this.last.querySelector("button") ?? this.title).focus();
	}

	show_actions() {
		if (!this.may_administer) return this.actions.replaceChildren();
		const wanted = this.schedule.is_paused ? "resume" : "pause";
		const focused = this.actions.contains(document.activeElement) && document.activeElement.dataset.action;
		this.actions.replaceChildren(this.button(wanted), this.button("delete"));
		if (!focused) return;
		const again = this.actions.querySelector(`[data-action="${focused === "delete" ? focused : wanted}"]`);
		again.focus();
	}

	button(action) {
		const { title, schedule_id } = this.schedule;
		const name = { pause: __("Pause"), resume: __("Resume"), delete: __("Delete") }[action];
		const button = h(
			"button",
			{
				type: "button",
				class: action === "delete" && "danger",
				"data-action": action,
				"aria-label": `${name} ${title} ${schedule_id}`,
				onclick: () => (action === "delete" ? this.ask_to_delete() : this.switch(button)),
			},
			name,
		);
		return button;
	}

	async switch(button) {
		const { schedule_id, title, is_paused } = this.schedule;
		set_attribute(button, "aria-busy", true);
		try {
			await (is_paused ? resume_schedule : pause_schedule)(schedule_id);
			announce(is_paused ? __("{0} goes on", [title]) : __("{0} is paused", [title]));
		} catch (refusal) {
			tell_refusal(refusal);
		}
		set_attribute(button, "aria-busy", null);
		this.on_changed();
	}

	ask_to_delete() {
		const { schedule_id, title } = this.schedule;
		confirm_dialog({
			title: __("Delete this schedule?"),
			text: __("{0} makes no more jobs. Those that it made stay.", [title]),
			proceed: __("Delete the schedule"),
			stay: __("Keep it"),
			run: () => delete_schedule(schedule_id),
			on_done: () => this.on_changed(),
		});
	}

	edit() {
		open_schedule_form({ schedule_id: this.schedule.schedule_id, on_saved: this.on_changed });
	}

	// what changes with the time alone
	tick() {
		const { next_slot, last_outcome } = this.schedule;
		set_attribute(this.standing, "datetime", next_slot);
		set_attribute(this.standing, "title", next_slot && moment(next_slot));
		set_text(this.standing, next_slot ? __("next {0}", [relative(next_slot)]) : "");
		if (last_outcome) set_text(this.ago, relative(last_outcome.slot));
	}
}

// What its pill says: a status, a tone and a text.
function state_of({ is_paused, next_slot }) {
	if (is_paused) return ["Paused", "warning", __("Paused")];
	return next_slot ? ["Active", "good", __("Active")] : ["Ended", "over", __("Ended")];
}

function when_of({ kind, cron, interval_seconds, time_zone }) {
	return kind === "Cron" ? `${cron} ${time_zone}` : __("every {0}", [duration(interval_seconds)]);
}

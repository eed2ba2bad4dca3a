// One job in full, kept up to date while it is open.

import { action_button, actions_of } from "./actions.js";
import { get_details, get_job_log, SessionEnded } from "./api.js";
import { priority_label, status_label, type_label } from "./boot.js";
import { h, open_dialog, set_attribute, set_text } from "./dom.js";
import { parse } from "./exact_json.js";
import { fact, is_plain, json_of, parameter_facts, value_text } from "./facts.js";
import { download_link, progress_bar, standing, status_pill, usual_duration } from "./job_parts.js";
import { LogView } from "./log_view.js";
import { open_retry_form } from "./retry_form.js";
import { can_retry, failed_dry_run, is_finished, tone, WAITING_FOR_RETRY } from "./statuses.js";
import { __, clock, duration, moment, number, seconds_between, soon } from "./texts.js";

const TOGETHER_MS = 250;
const MAX_PARENTS = 20;

export class Details {
	constructor({ job, job_id, on_changed, on_close, on_open, on_open_group }) {
		Object.assign(this, { job_id, on_changed, on_open, on_open_group });
		this.status = status_pill();
		this.progress = progress_bar();
		this.standing = h("span", { class: "standing" });
		this.problem = h("p", { class: "error", role: "alert" });
		this.log = new LogView({
			read: (after) => get_job_log(job_id, after),
			texts: { clock, moment, number },
			on_first: () => (this.log_section.hidden = false),
		});
		this.log_section = h("section", { hidden: true }, h("h3", {}, __("Log")), this.log.box);
		// the log stays where it is while what is around it is shown anew
		this.above = h("div", { class: "parts" });
		this.below = h("div", { class: "parts" });
		this.body = h(
			"div",
			{ class: "dialog-body", tabindex: 0, role: "region", "aria-label": __("Details") },
			this.above,
			this.log_section,
			this.below,
		);
		this.buttons = h("div", { class: "buttons" });
		this.state = h("div", { class: "state" }, this.status.element, this.standing);
		const title = job ? type_label(job.job_type) : job_id;
		const { dialog, heading } = open_dialog(
			{ title, kind: "drawer", close_label: __("Close the details"), on_close: () => this.closed(on_close) },
			h(
				"div",
				{ class: "dialog-top" },
				h("p", { class: "job-id" }, job_id),
				this.state,
				this.progress.element,
				this.problem,
			),
			this.body,
			this.buttons,
		);
		Object.assign(this, { dialog, heading });
		heading.focus();
		this.timer = setInterval(() => this.tick(), 1_000);
		if (job) this.show_state(job);
		else this.state.hidden = this.progress.element.hidden = true;
		this.read();
	}

	closed(on_close) {
		this.is_closed = true;
		clearInterval(this.timer);
		on_close();
	}

	close() {
		this.dialog.close();
	}

	tick() {
		if (this.job) set_text(this.standing, standing(this.job));
	}

	// Something happened to the job: what is known of it at once, and a reading soon.
	update(job) {
		if (this.job && job) this.show_state({ ...this.job, ...job });
		this.read_soon();
	}

	progressed(changes) {
		if (this.job) this.show_state({ ...this.job, ...changes });
	}

	logged(event) {
		if (this.log.hear(event)) this.read_soon();
	}

	show_state(job) {
		this.job = job;
		this.state.hidden = false;
		set_text(this.heading, type_label(job.job_type));
		this.status.update(job.status);
		this.progress.update(job);
		this.tick();
		// what trying again asks depends on the steps, of which a row of the list knows nothing
		const wanted = `${actions_of(job)} ${Boolean(job.steps?.length)}`;
		if (this.shown_actions !== wanted) this.show_actions(wanted);
	}

	show_actions(wanted) {
		this.shown_actions = wanted;
		const had_focus = this.buttons.contains(document.activeElement);
		this.buttons.replaceChildren(
			...actions_of(this.job).map((action) =>
				action_button(action, this.job, (answer) => this.show_changed(answer)),
			),
			...(can_retry(this.job) ? [this.edit_button()] : []),
		);
		this.buttons.hidden = !this.buttons.childElementCount;
		if (had_focus) this.heading.focus();
	}

	edit_button() {
		const edit = () => open_retry_form(this.job, (answer) => this.show_changed(answer));
		const text = __("Try with other parameters");
		return h("button", { type: "button", "data-action": "edit", onclick: edit }, text);
	}

	// What made another job shows that one.
	show_changed({ job_id }) {
		this.on_changed(this.job_id);
		if (job_id && job_id !== this.job_id) this.on_open(job_id);
	}

	read_soon() {
		if (this.is_waiting) return;
		this.is_waiting = true;
		setTimeout(() => {
			this.is_waiting = false;
			if (!this.is_closed) this.read();
		}, TOGETHER_MS);
	}

	// One reading at a time; what happens meanwhile asks for another one.
	async read() {
		if (this.is_reading) {
			this.must_read_again = true;
			return;
		}
		this.is_reading = true;
		try {
			const details = await get_details(this.job_id);
			this.problem.textContent = "";
			this.show_state(details);
			this.show_body(details);
			await this.log.read();
		} catch (error) {
			if (!(error instanceof SessionEnded)) this.problem.textContent = error.message;
		}
		this.is_reading = false;
		if (this.must_read_again && !this.is_closed) {
			this.must_read_again = false;
			this.read_soon();
		}
	}

	show_body(details) {
		const text = JSON.stringify(details);
		if (text === this.shown) return;
		this.shown = text;
		const had_focus = [this.above, this.below].some((part) => part.contains(document.activeElement));
		const above = [
			this.error_of,
			this.output_of,
			this.would_do_of,
			this.result_of,
			this.facts_of,
			this.parameters_of,
		];
		const below = [this.children_of, this.steps_of, this.history_of];
		for (const [part, shown] of [
			[this.above, above],
			[this.below, below],
		])
			part.replaceChildren(...shown.map((show) => show.call(this, details)).filter(Boolean));
		if (had_focus) this.body.focus();
	}

	error_of(job) {
		if (!job.error_message || job.status === "Completed") return null;
		const is_dead = job.status === "Dead Letter";
		const is_bad = is_dead || failed_dry_run(job);
		return h(
			"section",
			{ class: "callout", "data-tone": is_bad ? "bad" : "warning" },
			h("h3", {}, is_dead ? __("It failed for good") : is_bad ? __("The dry run failed") : __("What went wrong")),
			h("p", { class: "message" }, job.error_message),
			is_dead &&
				!job.may_administer &&
				h("p", { class: "hint" }, __("An admin of {0} can try it again.", [job.organization])),
		);
	}

	output_of({ output }) {
		if (!output) return null;
		const shown = output.url
			? h("p", { class: "output" }, h("code", {}, output.text), download_link(output, __("Download")))
			: h("p", {}, h("code", {}, output.text), " ", h("span", { class: "hint" }, __("You cannot load it.")));
		return h("section", {}, h("h3", {}, __("Output")), shown);
	}

	// of a dry run
	would_do_of({ would_do }) {
		if (!would_do.length) return null;
		const lines = would_do.map(({ text, items }) =>
			h("li", {}, text, items.length > 0 && h("ul", {}, items.map((item) => h("li", {}, item)))),
		);
		return h("section", {}, h("h3", {}, __("What it would do")), h("ul", { class: "plain" }, lines));
	}

	result_of(job) {
		const result = job.would_do.length ? job.result.result : job.result;
		if (result == null) return null;
		const is_flat = !is_plain(result) && !Array.isArray(result) && Object.values(result).every(is_plain);
		const shown = is_flat
			? h(
					"dl",
					{ class: "facts" },
					Object.entries(result).map(([key, value]) => fact(key, value_text(value))),
				)
			: json_of(result);
		return h("section", {}, h("h3", {}, __("Result")), shown);
	}

	facts_of(job) {
		const facts = [
			[__("Organization"), job.organization],
			[__("Made of"), job.retry_of && this.link_to(job.retry_of)],
			[__("Run for real as"), job.real_job && this.link_to(job.real_job)],
			[__("Group"), job.job_group && this.group_of(job)],
			[__("Submitted by"), job.is_mine ? __("{0} (you)", [job.owner_name]) : job.owner_name],
			[__("Priority"), priority_label(job.priority)],
			[__("Submitted"), moment(job.created_at)],
			[__("Planned for"), job.scheduled_at && moment(job.scheduled_at)],
			[__("Waits for"), job.waits_for],
			[__("Waits until"), job.waits_until && moment(job.waits_until)],
			[__("Expected start"), !job.waits_until && job.expected_start && soon(job.expected_start)],
			[__("How long"), usual_duration(job)],
			[__("Expires"), job.expires_at && moment(job.expires_at)],
			[__("Started"), job.started_at && moment(job.started_at)],
			[__("Completed"), job.completed_at && moment(job.completed_at)],
			[
				__("Next try"),
				WAITING_FOR_RETRY.includes(job.status) && job.next_retry_at && moment(job.next_retry_at),
			],
			[
				__("Retries"),
				(job.retry_count > 0 || !is_finished(job)) && __("{0} of {1}", [job.retry_count, job.max_retries]),
			],
			[__("Depends on"), job.depends_on.length && this.parents_of(job)],
		];
		const shown = facts.filter(([, value]) => value).map(([name, value]) => fact(name, value));
		return h("section", {}, h("h3", {}, __("About this job")), h("dl", { class: "facts" }, shown));
	}

	parameters_of({ parameters, parameter_titles }) {
		const heading = h("h3", {}, __("Parameters"));
		if (parameters === null)
			return h("section", {}, heading, h("p", { class: "hint" }, __("They are too long to be shown here.")));
		const shown = parameter_facts(parse(parameters), parameter_titles);
		return shown && h("section", {}, heading, shown);
	}

	group_of({ job_group, group_title }) {
		const open = () => this.on_open_group(job_group);
		return h("button", { type: "button", class: "link", onclick: open }, group_title ?? job_group);
	}

	parents_of({ depends_on, dependency_rule }) {
		const shown = depends_on.slice(0, MAX_PARENTS).map((parent) => h("li", {}, this.link_to(parent)));
		const more = depends_on.length - shown.length;
		if (more > 0) shown.push(h("li", {}, __("and {0} more", [more])));
		const rule = dependency_rule === "end" ? __("whatever becomes of them") : "";
		return h("span", {}, h("ul", {}, shown), rule);
	}

	children_of({ children }) {
		if (!children.length) return null;
		const items = children.map((child) =>
			h("li", {}, this.link_to(child.name), ` ${type_label(child.job_type)}, ${status_label(child.status)}`),
		);
		return h(
			"section",
			{},
			h("h3", {}, __("Jobs that wait for this one")),
			h("ul", { class: "plain" }, items),
		);
	}

	link_to(job_id) {
		return h("button", { type: "button", class: "link", onclick: () => this.on_open(job_id) }, job_id);
	}

	steps_of({ steps }) {
		if (!steps.length) return null;
		const items = steps.map(({ step, is_done, started_at, seconds, items_done, items_total }) => {
			const count = items_total ? __("{0} of {1}", [items_done, items_total]) : items_done || "";
			return h(
				"li",
				{ "data-tone": is_done ? "good" : "running" },
				h(
					"div",
					{ class: "step" },
					h("strong", {}, step),
					h("span", { class: "hint" }, duration(seconds)),
					h("time", { datetime: started_at, title: moment(started_at) }, clock(started_at)),
				),
				h("p", { class: "hint" }, [is_done ? __("done") : __("goes on"), count].filter(Boolean).join(" · ")),
			);
		});
		return h("section", {}, h("h3", {}, __("Steps")), h("ol", { class: "history" }, items));
	}

	history_of({ history }) {
		const items = history.map((entry, index) => {
			const next = history[index + 1];
			const lasted = next && duration(seconds_between(entry.timestamp, next.timestamp));
			return h(
				"li",
				{ "data-tone": tone(entry.to_status) },
				h(
					"div",
					{ class: "step" },
					h("strong", {}, status_label(entry.to_status)),
					lasted && h("span", { class: "hint" }, lasted),
					h("time", { datetime: entry.timestamp, title: moment(entry.timestamp) }, clock(entry.timestamp)),
				),
				h("p", { class: "hint" }, [entry.message, entry.actor_name].filter(Boolean).join(" · ")),
			);
		});
		return h("section", {}, h("h3", {}, __("History")), h("ol", { class: "history" }, items));
	}
}

// The page /jobs: filters, groups, list, details, schedules and their forms, kept up to date by `live.js`.

import { logout, on_session_end, SessionEnded } from "./api.js";
import { boot } from "./boot.js";
import { Details } from "./details.js";
import { by_id, h, set_text } from "./dom.js";
import { Filters } from "./filters.js";
import { GroupsView } from "./group_view.js";
import { ListView } from "./list_view.js";
import { lists_groups, Lists } from "./lists.js";
import { Live } from "./live.js";
import { can_submit, open_new_job } from "./new_job.js";
import { announce, clear_alert, show_alert, show_session_end } from "./notices.js";
import { SchedulesView } from "./schedule_view.js";
import { __ } from "./texts.js";

const CONNECTION = {
	connecting: __("Connecting…"),
	live: __("Live"),
	polling: __("Not live; refreshed every 5 seconds"),
	offline: __("The server cannot be reached; trying again"),
	ended: __("Not connected"),
};

class Page {
	constructor() {
		this.lists = new Lists({
			render: () => this.render(),
			reading: (kind, read) => this.reading(kind, read),
		});
		const on_open = (job_id) => this.open(job_id);
		const on_job_changed = (job_id) => this.changed(job_id);
		this.list = new ListView({ store: this.lists.jobs.store, on_open, on_changed: on_job_changed });
		this.group_list = new GroupsView({
			store: this.lists.groups.store,
			members_of: (group_id, render) => this.lists.open_members(group_id, render),
			close_members: (group_id) => this.lists.members.delete(group_id),
			on_open,
			on_changed: (group_id) => this.lists.group_changes.add([group_id]),
			on_job_changed,
		});
		this.schedules = new SchedulesView({ reading: (kind, read) => this.reading(kind, read), on_open });
		this.live = new Live({
			on_event: (name, event) => this.event(name, event),
			on_read: () => this.refresh(),
			on_state: (state) => this.show_connection(state),
		});
		this.filters = new Filters(() => this.filter());
		this.readings = 0;
		this.last_refused = 0;
		on_session_end((user) => this.end_session(user));
	}

	start() {
		by_id("account").textContent = boot.full_name;
		by_id("logout").addEventListener("click", () => this.log_out());
		by_id("older").addEventListener("click", () => this.load_older());
		by_id("older-groups").addEventListener("click", () => this.load_older_groups());
		by_id("new").addEventListener("click", () => this.open_form());
		by_id("new").hidden = !can_submit;
		window.addEventListener("popstate", () => this.follow_address());
		this.follow_address();
		this.live.start();
	}

	// --- filters and the address

	follow_address() {
		const query = new URLSearchParams(location.search);
		this.filters.set(query);
		if (JSON.stringify(this.filters.values) !== JSON.stringify(this.lists.filters)) this.load();
		const job_id = query.get("job");
		if (job_id !== (this.details?.job_id ?? null)) {
			this.details?.close();
			if (job_id) this.show_details(job_id);
		}
	}

	filter({ is_pushed = false } = {}) {
		const loaded = this.load({ is_announced: true });
		this.write_address({}, !is_pushed);
		return loaded;
	}

	write_address({ job = this.details?.job_id }, is_replaced = false) {
		const chosen = Object.entries({ ...this.lists.filters, job }).filter(([, value]) => value);
		const query = String(new URLSearchParams(chosen));
		const address = location.pathname + (query && `?${query}`);
		if (address === location.pathname + location.search) return;
		history[is_replaced ? "replaceState" : "pushState"](null, "", address);
	}

	// --- reading

	// What was shown before stays until there is an answer.
	async load({ is_announced = false } = {}) {
		const chosen = this.filters.values;
		this.lists.choose(chosen);
		const schedules = this.schedules.choose(chosen);
		await this.refresh();
		await schedules;
		if (chosen !== this.lists.filters) return;
		const { jobs, groups } = this.lists;
		if (!jobs.is_answered && !chosen.group) this.list.show_nothing();
		if (!groups.is_answered && lists_groups(chosen)) this.group_list.show_nothing();
		if (is_announced) announce(by_id(chosen.group ? "group-count" : "count").textContent);
	}

	async refresh() {
		if (this.is_over) return;
		await Promise.all([this.lists.refresh(), this.schedules.refresh()]);
		this.details?.update(this.lists.job(this.details.job_id));
	}

	load_older() {
		return this.lists.jobs.load_more((jobs, first) => {
			if (first) this.list.focus(first);
			announce(__("{0} more jobs", [jobs.length]));
		});
	}

	load_older_groups() {
		return this.lists.groups.load_more((groups, first) => {
			if (first) this.group_list.focus(first);
			announce(__("{0} more groups", [groups.length]));
		});
	}

	// Read, and say what went wrong; nothing is asked of a server that said to wait.
	async reading(kind, read) {
		if (Date.now() < (this.wait_until ?? 0)) return;
		const began = ++this.readings;
		try {
			await read();
			// one that began before another was refused says nothing about now
			if (began > this.last_refused) clear_alert("reading");
			if (this.is_offline) this.show_connection(this.live.is_live ? "live" : "polling");
		} catch (error) {
			if (error instanceof SessionEnded) return;
			if (error.status === 0) {
				this.show_connection("offline");
				const has_shown = this.lists.jobs.shown_filters || this.lists.groups.shown_filters;
				if (!has_shown || kind === "older") show_alert("reading", error.message);
				return;
			}
			if (error.retry_after) this.wait_until = Date.now() + error.retry_after * 1000;
			this.last_refused = this.readings;
			show_alert("reading", error.message);
		}
	}

	// --- what happens

	event(name, event) {
		if (name === "job_group_progress") return this.lists.group_event(event);
		if (name === "job_log") return this.details?.job_id === event.job_id && this.details.logged(event);
		const changes =
			name === "job_progress"
				? { status: event.status, progress: event.progress, progress_message: event.progress_message }
				: this.changes_of(event);
		this.lists.apply(event.job_id, changes, event.updated_at);
		const job = this.lists.job(event.job_id);
		if (this.details?.job_id === event.job_id) {
			if (name === "job_progress") this.details.progressed(changes);
			else this.details.update(job ?? changes);
		}
		if (name === "job_status_changed") this.changed(event.job_id);
	}

	changes_of(event) {
		const changes = { status: event.to_status };
		if (event.to_status === "Running")
			Object.assign(changes, { started_at: event.updated_at, completed_at: null, likely_end: null });
		if (event.to_status === "Completed") Object.assign(changes, { completed_at: event.updated_at });
		// the link to the output comes with the next reading
		for (const field of ["output_reference", "error_message"])
			if (event[field]) changes[field] = event[field];
		return changes;
	}

	changed(job_id) {
		if (this.details?.job_id === job_id) this.details.update();
		this.lists.changes.add([job_id]);
	}

	// --- showing

	render() {
		const { jobs, groups, filters } = this.lists;
		by_id("jobs").hidden = Boolean(filters.group);
		if (!lists_groups(filters)) this.group_list.show_nothing();
		else if (groups.is_answered)
			this.group_list.render({ wanted: filters.group, empty: this.no_group_text() });
		if (filters.group) return this.list.show_nothing("");
		if (!jobs.is_answered) return;
		const are_lone = groups.store.size > 0 && lists_groups(filters);
		this.list.render({ empty: this.empty_text(are_lone), are_lone });
	}

	no_group_text() {
		return [
			h("h3", {}, __("There is no such group")),
			h("button", { type: "button", onclick: () => this.filters.clear() }, __("Show all jobs")),
		];
	}

	empty_text(are_lone) {
		if (!boot.organizations.length) {
			return [
				h("h3", {}, __("You belong to no organization yet")),
				h("p", {}, __("Ask an admin to make you a member; then its jobs appear here.")),
			];
		}
		if (are_lone) return [h("h3", {}, __("No single jobs"))];
		if (this.filters.is_set) {
			return [
				h("h3", {}, __("No job matches the filter")),
				h("button", { type: "button", onclick: () => this.filters.clear() }, __("Show all jobs")),
			];
		}
		return [
			h("h3", {}, __("No jobs yet")),
			h("p", {}, __("Jobs of your organizations appear here as soon as somebody submits one.")),
			can_submit &&
				h("button", { type: "button", class: "primary", onclick: () => this.open_form() }, __("New job")),
		].filter(Boolean);
	}

	show_connection(state) {
		this.is_offline = state === "offline";
		const element = by_id("connection");
		element.dataset.state = state;
		set_text(element, CONNECTION[state]);
	}

	open(job_id) {
		this.write_address({ job: job_id });
		this.show_details(job_id);
	}

	show_details(job_id) {
		this.details?.close();
		const details = new Details({
			job: this.lists.job(job_id),
			job_id,
			on_changed: (changed) => this.changed(changed),
			on_open: (other) => this.open(other),
			on_open_group: (group_id) => this.open_group(group_id),
			on_close: () => {
				if (this.details !== details) return;
				this.details = null;
				this.write_address({ job: null });
				// what had opened it may be gone
				if (document.activeElement === document.body) this.list.focus(job_id);
			},
		});
		this.details = details;
	}

	async open_group(group_id) {
		this.details?.close();
		this.filters.choose_group(group_id);
		await this.filter({ is_pushed: true });
		this.group_list.focus(group_id);
	}

	open_form() {
		open_new_job({
			organization: this.lists.filters.organization,
			on_submitted: (job) => {
				this.changed(job.job_id);
				this.open(job.job_id);
			},
		});
	}

	async log_out() {
		try {
			await logout();
		} catch (error) {
			if (error instanceof SessionEnded) return;
			show_alert("logout", __("You are still logged in: {0}", [error.message]));
			return;
		}
		this.live.stop();
		location.href = "/login?redirect-to=/jobs";
	}

	end_session(user) {
		if (this.is_over) return;
		this.is_over = true;
		this.live.stop();
		this.show_connection("ended");
		show_session_end(user);
	}
}

new Page().start();

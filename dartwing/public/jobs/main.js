// The page /jobs: filters, list, details and the form for a new job, kept up to date by `live.js`.

import { get_rows, list_rows, logout, on_session_end, SessionEnded } from "./api.js";
import { boot } from "./boot.js";
import { Details } from "./details.js";
import { by_id, h, set_text } from "./dom.js";
import { Filters } from "./filters.js";
import { ListView } from "./list_view.js";
import { Live } from "./live.js";
import { can_submit, open_new_job } from "./new_job.js";
import { announce, clear_alert, show_alert, show_session_end } from "./notices.js";
import { Store } from "./store.js";
import { __ } from "./texts.js";

const PAGE = 20;
const MOST = 100;
const TOGETHER_MS = 300;

const CONNECTION = {
	connecting: __("Connecting…"),
	live: __("Live"),
	polling: __("Not live; refreshed every 5 seconds"),
	offline: __("The server cannot be reached; trying again"),
	ended: __("Not connected"),
};

class Page {
	constructor() {
		this.store = new Store();
		this.list = new ListView({
			store: this.store,
			on_open: (job_id) => this.open(job_id),
			on_changed: (job_id) => this.changed(job_id),
		});
		this.live = new Live({
			on_event: (name, event) => this.event(name, event),
			on_read: () => this.refresh(),
			on_state: (state) => this.show_connection(state),
		});
		this.filters = new Filters(() => this.filter());
		this.changes = new Set();
		this.readings = 0;
		this.last_refused = 0;
		on_session_end((user) => this.end_session(user));
	}

	start() {
		by_id("account").textContent = boot.full_name;
		by_id("logout").addEventListener("click", () => this.log_out());
		by_id("older").addEventListener("click", () => this.load_older());
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
		if (JSON.stringify(this.filters.values) !== JSON.stringify(this.store.filters)) {
			this.filter_store();
			this.load();
		}
		const job_id = query.get("job");
		if (job_id !== (this.details?.job_id ?? null)) {
			this.details?.close();
			if (job_id) this.show_details(job_id);
		}
	}

	filter() {
		this.filter_store();
		this.write_address({}, true);
		this.load({ is_announced: true });
	}

	filter_store() {
		this.store.filters = this.filters.values;
	}

	write_address({ job = this.details?.job_id }, is_replaced = false) {
		const chosen = Object.entries({ ...this.store.filters, job }).filter(([, value]) => value);
		const query = String(new URLSearchParams(chosen));
		const address = location.pathname + (query && `?${query}`);
		if (address === location.pathname + location.search) return;
		history[is_replaced ? "replaceState" : "pushState"](null, "", address);
	}

	// --- reading

	// The newest page from the start. What was shown before stays until there is an answer.
	async load({ is_announced = false } = {}) {
		const filters = this.store.filters;
		this.store.clear();
		await this.refresh();
		if (this.shown_filters !== this.store.filters) this.list.show_nothing();
		if (filters !== this.store.filters) return;
		if (is_announced) announce(by_id("count").textContent);
	}

	// As many of the newest jobs as are shown, as far as one reading goes.
	async refresh() {
		if (this.is_over) return;
		const filters = this.store.filters;
		const began = this.store.begin_reading();
		const limit = Math.min(MOST, Math.max(this.store.jobs.size, PAGE));
		await this.reading("list", async () => {
			const page = await list_rows({ ...filters, limit });
			// meanwhile something else was asked for
			if (filters !== this.store.filters) return;
			const unread = this.store.replace(page.jobs, page.total, began);
			if (unread.length) this.read_soon(unread);
			this.render();
			this.details?.update(this.store.jobs.get(this.details.job_id));
		});
	}

	async load_older() {
		const filters = this.store.filters;
		const { oldest } = this.store;
		if (!oldest) return;
		const shown = new Set(this.store.jobs.keys());
		await this.reading("older", async () => {
			const page = await list_rows({ ...filters, limit: PAGE, before: oldest.job_id });
			if (filters !== this.store.filters) return;
			// the end of the list moved meanwhile: there would be a gap
			if (this.store.oldest?.job_id !== oldest.job_id) return void (await this.load_older());
			this.store.append(page.jobs, page.total);
			this.render();
			const first = page.jobs.find((job) => !shown.has(job.job_id));
			if (first) this.list.focus(first.job_id);
			announce(__("{0} more jobs", [page.jobs.length]));
		});
	}

	// The jobs that events named.
	async read_changes() {
		const job_ids = [...this.changes].slice(0, MOST);
		const rest = [...this.changes].slice(MOST);
		this.changes = new Set();
		// more than one reading takes: the newest page says enough
		if (rest.length) {
			await this.refresh();
			return;
		}
		const began = this.store.begin_reading();
		const filters = this.store.filters;
		await this.reading("changes", async () => {
			const jobs = await get_rows(job_ids);
			if (filters !== this.store.filters) return;
			this.store.merge(job_ids, jobs, began);
			this.render();
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
				if (!this.shown_filters || kind === "older") show_alert("reading", error.message);
				return;
			}
			if (error.retry_after) this.wait_until = Date.now() + error.retry_after * 1000;
			this.last_refused = this.readings;
			show_alert("reading", error.message);
		}
	}

	// --- what happens

	event(name, event) {
		const changes =
			name === "job_progress"
				? { status: event.status, progress: event.progress, progress_message: event.progress_message }
				: this.changes_of(event);
		if (this.store.apply(event.job_id, changes, event.updated_at)) this.render();
		const job = this.store.jobs.get(event.job_id);
		if (this.details?.job_id === event.job_id) {
			if (name === "job_progress") this.details.progressed(changes);
			else this.details.update(job ?? changes);
		}
		if (name === "job_status_changed") this.changed(event.job_id);
	}

	changes_of(event) {
		const changes = { status: event.to_status };
		if (event.to_status === "Running")
			Object.assign(changes, { started_at: event.updated_at, completed_at: null });
		if (event.to_status === "Completed") Object.assign(changes, { completed_at: event.updated_at });
		// the link to the output comes with the next reading
		for (const field of ["output_reference", "error_message"])
			if (event[field]) changes[field] = event[field];
		return changes;
	}

	changed(job_id) {
		if (this.details?.job_id === job_id) this.details.update();
		this.read_soon([job_id]);
	}

	// Jobs of which something new is to be read, together with what else changes now.
	read_soon(job_ids) {
		for (const job_id of job_ids) this.changes.add(job_id);
		if (this.changes_timer) return;
		this.changes_timer = setTimeout(async () => {
			await this.read_changes();
			this.changes_timer = null;
			if (this.changes.size) this.read_soon([]);
		}, TOGETHER_MS);
	}

	// --- showing

	render() {
		this.shown_filters = this.store.filters;
		this.list.render({ empty: this.empty_text() });
	}

	empty_text() {
		if (!boot.organizations.length) {
			return [
				h("h3", {}, __("You belong to no organization yet")),
				h("p", {}, __("Ask an admin to make you a member; then its jobs appear here.")),
			];
		}
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
			job: this.store.jobs.get(job_id),
			job_id,
			on_changed: (changed) => this.changed(changed),
			on_open: (other) => this.open(other),
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

	open_form() {
		open_new_job({
			organization: this.store.filters.organization,
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

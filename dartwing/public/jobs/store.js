// The jobs that the list shows: newest first, without gaps from the newest job to the oldest one shown.
//
// Events say at once what changed; what is read from the server is the truth. A row that an event
// changed while a reading was under way is not put back by it: the event asks for another reading.

import { is_finished } from "./statuses.js";

const newest_first = (a, b) => order_of(b).localeCompare(order_of(a)) || b.job_id.localeCompare(a.job_id);
const order_of = (job) => job.created_at ?? "";

export class Store {
	constructor() {
		this.jobs = new Map();
		this.total = 0;
		this.filters = {};
		this.clock = 0;
		this.touched = new Map();
		this.event_times = new Map();
	}

	get rows() {
		return [...this.jobs.values()].sort(newest_first);
	}

	get oldest() {
		return this.rows.at(-1);
	}

	get has_more() {
		return this.jobs.size < this.total;
	}

	clear() {
		this.jobs = new Map();
		this.total = 0;
	}

	// To be taken before a reading begins and handed over with what it brought.
	begin_reading() {
		return this.clock;
	}

	// The newest jobs. What was shown below them stays when they reach down to it, and is forgotten when
	// there may be a gap. Returns the ids of the unfinished ones that stay: nobody has read them anew.
	replace(jobs, total, began) {
		const shown = this.jobs;
		const reaches = jobs.length < total && jobs.some((job) => shown.has(job.job_id));
		const last = jobs.at(-1);
		const below = reaches ? [...shown.values()].filter((job) => newest_first(job, last) > 0) : [];
		const kept = jobs.map((job) => {
			const is_older = this.is_newer_than(began, job.job_id) && shown.has(job.job_id);
			return is_older ? shown.get(job.job_id) : job;
		});
		this.jobs = new Map(
			[...kept, ...below].filter((job) => this.matches(job)).map((job) => [job.job_id, job]),
		);
		this.total = total;
		return below.filter((job) => !is_finished(job)).map((job) => job.job_id);
	}

	append(jobs, total) {
		for (const job of jobs) if (this.matches(job)) this.jobs.set(job.job_id, job);
		this.total = total;
	}

	// Single jobs that were asked for: those shown change or go, new ones come where they belong, and what
	// there is no more goes.
	merge(asked_for, jobs, began) {
		const found = new Set(jobs.map((job) => job.job_id));
		for (const job_id of asked_for) if (!found.has(job_id)) this.remove(job_id);
		for (const job of jobs) {
			const is_shown = this.jobs.has(job.job_id);
			if (is_shown && this.is_newer_than(began, job.job_id)) continue;
			if (is_shown && !this.matches(job)) this.remove(job.job_id);
			else if (is_shown) this.jobs.set(job.job_id, job);
			else if (this.matches(job) && this.is_in_reach(job)) {
				this.jobs.set(job.job_id, job);
				this.total += 1;
			}
		}
	}

	remove(job_id) {
		if (this.jobs.delete(job_id)) this.total -= 1;
	}

	// What an event says of a job that is shown; returns whether it changed anything.
	apply(job_id, changes, updated_at) {
		this.touch(job_id);
		const job = this.jobs.get(job_id);
		if (!job || updated_at < (this.event_times.get(job_id) ?? "")) return false;
		this.event_times.set(job_id, updated_at);
		this.jobs.set(job_id, { ...job, ...changes });
		return true;
	}

	touch(job_id) {
		this.clock += 1;
		this.touched.set(job_id, this.clock);
	}

	is_newer_than(began, job_id) {
		return (this.touched.get(job_id) ?? 0) > began;
	}

	matches(job) {
		return Object.entries(this.filters).every(([field, value]) => !value || job[field] === value);
	}

	// An older job than all that are shown belongs to a page that was not loaded yet.
	is_in_reach(job) {
		return !this.has_more || !this.oldest || newest_first(job, this.oldest) < 0;
	}
}

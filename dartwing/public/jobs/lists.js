// What the page has read: the groups, the jobs of those that are open, and the other jobs.

import { get_groups, get_rows, list_groups, list_lone_rows, list_member_rows, list_rows } from "./api.js";
import { Changes, Feed } from "./feed.js";
import { Store } from "./store.js";

const PAGE = 20;
const PAGE_OF_GROUPS = 5;

// Jobs of groups are listed with their groups, unless a status or a type is asked for.
export const lists_groups = ({ status, job_type }) => !status && !job_type;

const is_of = (row, fields, filters) =>
	fields.every((field) => !filters[field] || row[field] === filters[field]);

export class Lists {
	// `reading(kind, read)` reads, and says what went wrong.
	constructor({ render, reading }) {
		Object.assign(this, { render, reading });
		const read_all = () => this.refresh();
		this.changes = new Changes({ read: (job_ids) => this.read_jobs(job_ids), read_all });
		this.group_changes = new Changes({ read: (group_ids) => this.read_groups(group_ids), read_all });
		this.jobs = this.feed_of_jobs();
		this.groups = this.feed_of_groups();
		// the feeds of the jobs of groups that are open, by the group
		this.members = new Map();
	}

	// Anew, from the start, with these filters.
	choose(filters) {
		this.filters = this.jobs.store.filters = this.groups.store.filters = filters;
		this.jobs.store.clear();
		this.groups.store.clear();
	}

	// --- the lists

	feed_of_jobs() {
		const matches = (job, filters) =>
			is_of(job, ["organization", "status", "job_type"], filters) &&
			!(lists_groups(filters) && job.job_group);
		const read_page = async ({ filters, limit, last }) => {
			const { organization, status, job_type } = filters;
			const page = lists_groups(filters)
				? await list_lone_rows({ organization, limit, before: last })
				: await list_rows({ organization, status, job_type, limit, before: last });
			return { rows: page.jobs, total: page.total };
		};
		return this.feed(new Store({ key: "job_id", matches }), PAGE, read_page, this.changes);
	}

	feed_of_groups() {
		const matches = (group, filters) =>
			is_of(group, ["organization"], filters) && (!filters.group || group.group_id === filters.group);
		const read_page = async ({ filters: { organization, group }, limit, last }) => {
			if (group) {
				const rows = await get_groups([group]);
				return { rows, total: rows.length };
			}
			const page = await list_groups({ organization, limit, before: last });
			return { rows: page.groups, total: page.total };
		};
		const store = new Store({ key: "group_id", matches });
		return this.feed(store, PAGE_OF_GROUPS, read_page, this.group_changes);
	}

	open_members(group_id, render) {
		const matches = (job) => job.job_group === group_id;
		const read_page = async ({ limit, last }) => {
			const page = await list_member_rows({ group_id, limit, after: last });
			return { rows: page.jobs, total: page.total };
		};
		const store = new Store({ key: "job_id", matches, is_oldest_first: true });
		const feed = this.feed(store, PAGE, read_page, this.changes, render);
		this.members.set(group_id, feed);
		feed.refresh();
		return feed;
	}

	feed(store, page, read_page, changes, render = () => this.render()) {
		return new Feed({
			store,
			page,
			read_page,
			render,
			reading: (kind, read) => this.reading(kind, read),
			on_unread: (names) => changes.add(names),
		});
	}

	// --- reading

	async refresh() {
		const asked_for = [...this.members.values()];
		if (!this.filters.group) asked_for.push(this.jobs);
		if (lists_groups(this.filters)) asked_for.push(this.groups);
		await Promise.all(asked_for.map((feed) => feed.refresh()));
	}

	// The jobs that events named; nothing else tells of a new group.
	async read_jobs(job_ids) {
		const { filters } = this;
		const feeds = this.feeds_of_jobs();
		const began = feeds.map(({ store }) => store.begin_reading());
		await this.reading("changes", async () => {
			const jobs = await get_rows(job_ids);
			if (filters !== this.filters) return;
			feeds.forEach((feed, index) => feed.merge(job_ids, jobs, began[index]));
			this.group_changes.add(jobs.map((job) => job.job_group).filter(Boolean));
		});
	}

	async read_groups(group_ids) {
		const { filters } = this;
		if (!lists_groups(filters)) return;
		const began = this.groups.store.begin_reading();
		await this.reading("changes", async () => {
			const groups = await get_groups(group_ids);
			if (filters === this.filters) this.groups.merge(group_ids, groups, began);
		});
	}

	// --- what events say

	apply(job_id, changes, updated_at) {
		for (const feed of this.feeds_of_jobs()) if (feed.store.apply(job_id, changes, updated_at)) feed.render();
	}

	// How many have failed or were canceled comes with the next reading.
	group_event({ group_id, status, job_count, ended, progress, updated_at }) {
		const is_news = this.groups.store.apply(group_id, { status, job_count, ended, progress }, updated_at);
		if (is_news) this.groups.render();
		this.group_changes.add([group_id]);
	}

	feeds_of_jobs() {
		return this.filters.group ? [...this.members.values()] : [this.jobs, ...this.members.values()];
	}

	// A job as it is shown, wherever that is.
	job(job_id) {
		return this.feeds_of_jobs()
			.map(({ store }) => store.get(job_id))
			.find(Boolean);
	}
}

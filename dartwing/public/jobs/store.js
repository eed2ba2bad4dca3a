// The rows that a list shows, in their order and without gaps from the first one to the last one shown.
//
// Events say at once what changed; what is read from the server is the truth. A row that an event
// changed while a reading was under way is not put back by it: the event asks for another reading.

import { is_finished } from "./statuses.js";

export class Store {
	// `key` is the field that names a row; `matches(row, filters)` says whether it belongs to the list.
	constructor({ key, matches, is_oldest_first = false }) {
		Object.assign(this, { key, belongs: matches });
		const newest_first = (a, b) => order_of(b).localeCompare(order_of(a)) || b[key].localeCompare(a[key]);
		this.compare = is_oldest_first ? (a, b) => newest_first(b, a) : newest_first;
		this.filters = {};
		this.clock = 0;
		this.touched = new Map();
		this.event_times = new Map();
		this.clear();
	}

	get rows() {
		return [...this.by_key.values()].sort(this.compare);
	}

	get last() {
		return this.rows.at(-1);
	}

	get size() {
		return this.by_key.size;
	}

	get has_more() {
		return this.size < this.total && (this.end === null || this.last?.[this.key] !== this.end);
	}

	get(name) {
		return this.by_key.get(name);
	}

	clear() {
		this.by_key = new Map();
		this.total = 0;
		// the last row of all, when a reading has met it
		this.end = null;
	}

	// To be taken before a reading begins and handed over with what it brought.
	begin_reading() {
		return this.clock;
	}

	// The first rows. What was shown behind them stays when they reach up to it, and is forgotten when
	// there may be a gap. Returns the names of the unfinished ones that stay: nobody has read them anew.
	replace(rows, total, began) {
		const shown = this.by_key;
		this.total = total ?? Infinity;
		const reaches = rows.length < this.total && rows.some((row) => shown.has(this.name_of(row)));
		const last = rows.at(-1);
		const behind = reaches ? [...shown.values()].filter((row) => this.compare(row, last) > 0) : [];
		const kept = rows.map((row) => {
			const name = this.name_of(row);
			return this.is_newer_than(began, name) && shown.has(name) ? shown.get(name) : row;
		});
		this.by_key = new Map(
			[...kept, ...behind].filter((row) => this.matches(row)).map((row) => [this.name_of(row), row]),
		);
		return behind.filter((row) => !is_finished(row)).map((row) => this.name_of(row));
	}

	append(rows, total, is_end) {
		for (const row of rows) if (this.matches(row)) this.by_key.set(this.name_of(row), row);
		this.total = total ?? Infinity;
		if (is_end) this.end = this.last?.[this.key] ?? null;
	}

	// Single rows that were asked for: those shown change or go, new ones come where they belong, and what
	// there is no more goes.
	merge(asked_for, rows, began) {
		const found = new Set(rows.map((row) => this.name_of(row)));
		for (const name of asked_for) if (!found.has(name)) this.remove(name);
		for (const row of rows) {
			const name = this.name_of(row);
			const is_shown = this.by_key.has(name);
			if (is_shown && this.is_newer_than(began, name)) continue;
			if (is_shown && !this.matches(row)) this.remove(name);
			else if (is_shown) this.by_key.set(name, row);
			else if (this.matches(row) && this.is_in_reach(row)) {
				this.by_key.set(name, row);
				this.total += 1;
			}
		}
	}

	remove(name) {
		if (this.by_key.delete(name)) this.total -= 1;
	}

	// What an event says of a row that is shown; returns whether it changed anything.
	apply(name, changes, updated_at) {
		this.touch(name);
		const row = this.by_key.get(name);
		if (!row || updated_at < (this.event_times.get(name) ?? "")) return false;
		this.event_times.set(name, updated_at);
		this.by_key.set(name, { ...row, ...changes });
		return true;
	}

	touch(name) {
		this.clock += 1;
		this.touched.set(name, this.clock);
	}

	is_newer_than(began, name) {
		return (this.touched.get(name) ?? 0) > began;
	}

	matches(row) {
		return this.belongs(row, this.filters);
	}

	// One that comes after all that are shown belongs to a page that was not loaded yet.
	is_in_reach(row) {
		return !this.has_more || !this.last || this.compare(row, this.last) < 0;
	}

	name_of(row) {
		return row[this.key];
	}
}

const order_of = (row) => row.created_at ?? "";

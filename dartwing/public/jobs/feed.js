// A list that is read page by page and kept up to date: what it holds is in its store.

const MOST = 100;
const TOGETHER_MS = 300;

export class Feed {
	// `read_page({ filters, limit, last })` answers `{rows, total}`; `reading(kind, read)` reads, and says
	// what went wrong; `on_unread(names)` hears of rows that a reading did not reach.
	constructor({ store, page, read_page, reading, render, on_unread }) {
		Object.assign(this, { store, page, read_page, reading, render, on_unread });
	}

	// Whether what is shown is what was asked for.
	get is_answered() {
		return this.shown_filters === this.store.filters;
	}

	// As many of the first rows as are shown, as far as one reading goes.
	async refresh() {
		const { store } = this;
		const { filters } = store;
		const began = store.begin_reading();
		const limit = Math.min(MOST, Math.max(store.size, this.page));
		await this.reading("list", async () => {
			const { rows, total } = await this.read_page({ filters, limit });
			// meanwhile something else was asked for
			if (filters !== store.filters) return;
			const unread = store.replace(rows, total, began);
			if (unread.length) this.on_unread(unread);
			this.show();
		});
	}

	// The next page; `on_loaded` is told what came, and the name of the first one.
	async load_more(on_loaded) {
		const { store } = this;
		const { filters, last } = store;
		if (!last) return;
		const shown = new Set(store.by_key.keys());
		await this.reading("older", async () => {
			const { rows, total } = await this.read_page({ filters, limit: this.page, last: store.name_of(last) });
			if (filters !== store.filters) return;
			// the end of the list moved meanwhile: there would be a gap
			if (!store.last || store.name_of(store.last) !== store.name_of(last))
				return void (await this.load_more(on_loaded));
			store.append(rows, total, rows.length < this.page);
			this.show();
			const names = rows.map((row) => store.name_of(row));
			on_loaded(
				rows,
				names.find((name) => !shown.has(name)),
			);
		});
	}

	show() {
		this.shown_filters = this.store.filters;
		this.render();
	}

	merge(asked_for, rows, began) {
		this.store.merge(asked_for, rows, began);
		this.render();
	}
}

// Names of which something new is to be read, together with what else changes now.
export class Changes {
	// `read(names)` takes up to a hundred; of more than these, `read_all()` says enough.
	constructor({ read, read_all }) {
		Object.assign(this, { read, read_all, names: new Set() });
	}

	add(names) {
		for (const name of names) this.names.add(name);
		if (this.timer || !this.names.size) return;
		this.timer = setTimeout(async () => {
			const all = [...this.names];
			this.names = new Set();
			await (all.length > MOST ? this.read_all() : this.read(all));
			this.timer = null;
			this.add([]);
		}, TOGETHER_MS);
	}
}

// What the page shows: one organization, one status, one type, or all of them; or one group alone.

import { boot } from "./boot.js";
import { by_id, h } from "./dom.js";
import { __ } from "./texts.js";

const CHOICES = {
	organization: [__("All organizations"), boot.organizations.map(({ name }) => [name, name])],
	status: [__("All statuses"), boot.statuses.map(({ name, label }) => [name, label])],
	job_type: [__("All types"), boot.job_types.map(({ name, label }) => [name, label])],
};

export class Filters {
	constructor(on_change) {
		this.on_change = on_change;
		this.group = "";
		this.form = by_id("filters");
		for (const [name, [all, options]] of Object.entries(CHOICES)) {
			const all_options = [["", all], ...options];
			this.form.elements[name].append(...all_options.map(([value, text]) => h("option", { value }, text)));
		}
		by_id("organization-field").hidden = boot.organizations.length < 2;
		by_id("clear").addEventListener("click", () => this.clear());
		this.form.addEventListener("change", () => this.changed());
		this.form.addEventListener("submit", (event) => event.preventDefault());
	}

	get values() {
		const chosen = Object.keys(CHOICES).map((name) => [name, this.form.elements[name].value]);
		return { ...Object.fromEntries(chosen), group: this.group };
	}

	get is_set() {
		return Object.values(this.values).some(Boolean);
	}

	// From an address; what is no choice chooses nothing.
	set(query) {
		for (const name of Object.keys(CHOICES)) {
			const field = this.form.elements[name];
			field.value = query.get(name) ?? "";
			if (field.selectedIndex < 0) field.value = "";
		}
		this.group = query.get("group") ?? "";
		by_id("clear").hidden = !this.is_set;
	}

	// One group and nothing else.
	choose_group(group_id) {
		this.set(new URLSearchParams({ group: group_id }));
	}

	clear() {
		this.set(new URLSearchParams());
		this.on_change();
		this.form.elements.status.focus();
	}

	changed() {
		this.group = "";
		by_id("clear").hidden = !this.is_set;
		this.on_change();
	}
}

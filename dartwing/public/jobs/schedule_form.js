// The form for a schedule, a new one or one that there is.

import { set_busy, tell_refusal } from "./actions.js";
import { create_schedule, get_schedule, preview_schedule, update_schedule, SessionEnded } from "./api.js";
import { boot, type_label } from "./boot.js";
import { h, open_dialog, select } from "./dom.js";
import { parameter_facts } from "./facts.js";
import { form_host } from "./form_host.js";
import { keys, offered_types } from "./new_job.js";
import { announce, show_alert } from "./notices.js";
import { ParameterForm } from "./parameter_form.js";
import { __, moment } from "./texts.js";

const TYPED_MS = 400;
const KINDS = [
	["Cron", __("At certain times")],
	["Interval", __("At an interval")],
];
// as the DocType has them
const PRIORITIES = [
	["Low", __("Low")],
	["Normal", __("Normal")],
	["High", __("High")],
	["Critical", __("Critical")],
];
const OVERLAPS = [
	["Skip", __("Leave the new one out")],
	["Queue", __("Let the new one wait")],
	["Replace", __("Cancel for it what waits")],
];
const CATCH_UPS = [
	["None", __("None")],
	["Last", __("The last one")],
	["All", __("All")],
];
// the fields of a type that is not offered
const AS_JSON = { description: "", help: "", template: null };

const administered = boot.organizations.filter(
	(one) => one.is_active && boot.administered.includes(one.name),
);
export const can_schedule = administered.length > 0 && offered_types.length > 0;

// With a `schedule_id`, that one as it is now; else a new one.
export async function open_schedule_form({ schedule_id, organization, on_saved }) {
	try {
		const schedule = schedule_id ? await get_schedule(schedule_id) : null;
		new ScheduleForm({ schedule, organization, on_saved });
	} catch (refusal) {
		if (!(refusal instanceof SessionEnded)) show_alert("refusal", refusal.message);
	}
}

class ScheduleForm {
	constructor({ schedule, organization, on_saved }) {
		Object.assign(this, { schedule, on_saved, key_of: keys() });
		this.make_inputs(organization);
		this.parameters = h("fieldset", {});
		this.next_times = h("div", { class: "next-times", "aria-live": "polite" });
		this.error = h("p", { class: "error", role: "alert" });
		this.go = h("button", { type: "submit", class: "primary" }, __("Save"));
		this.form = h("form", { class: "dialog-body", novalidate: true }, this.parts());
		const { dialog } = open_dialog(
			{
				title: schedule ? __("Schedule {0}", [schedule.schedule_id]) : __("New schedule"),
				kind: "question",
				close_label: __("Close without saving"),
			},
			this.form,
		);
		this.dialog = dialog;
		this.type.addEventListener("change", () => this.show_type());
		this.anew?.addEventListener("change", () => this.show_type());
		this.kind.addEventListener("change", () => this.show_kind());
		this.catch_up.addEventListener("change", () => this.show_limit());
		for (const input of [this.cron, this.interval, this.zone, this.starts, this.ends])
			input.addEventListener("input", () => this.preview_soon());
		this.form.addEventListener("submit", (event) => this.save(event));
		this.show_type();
		this.show_kind();
		this.show_limit();
		this.title.focus();
	}

	make_inputs(organization) {
		const schedule = this.schedule ?? {};
		const types = offered_types.map((one) => [one.name, one.label]);
		const is_offered = types.some(([name]) => name === schedule.job_type);
		if (this.schedule && !is_offered) types.push([schedule.job_type, type_label(schedule.job_type)]);
		const organizations = administered.map((one) => [one.name, one.name]);
		const zone = schedule.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
		this.title = text_input("title", schedule.title, { maxlength: 140 });
		this.type = select("job_type", types, schedule.job_type);
		this.organization = select("organization", organizations, organization);
		this.anew = this.schedule && h("input", { name: "anew", type: "checkbox" });
		this.kind = select("kind", KINDS, schedule.kind);
		this.cron = text_input("cron", schedule.cron, { "aria-describedby": "cron-hint", class: "code" });
		this.interval = h("input", {
			name: "interval_seconds",
			type: "number",
			min: 60,
			value: schedule.interval_seconds ?? 3600,
		});
		this.zone = text_input("time_zone", zone, { list: "zones" });
		this.overlap = select("overlap", OVERLAPS, schedule.overlap);
		this.catch_up = select("catch_up", CATCH_UPS, schedule.catch_up);
		this.limit = h("input", {
			name: "catch_up_limit",
			type: "number",
			min: 1,
			max: 100,
			value: schedule.catch_up_limit ?? 10,
		});
		this.priority = select(
			"priority",
			[["", __("That of the type")], ...PRIORITIES],
			schedule.priority ?? "",
		);
		this.starts = time_input("starts_at", schedule.starts_at);
		this.ends = time_input("ends_at", schedule.ends_at);
	}

	parts() {
		const cron_hint = __("Minute, hour, day of the month, month, day of the week; as in {0}", [
			"30 2 * * MON-FRI",
		]);
		this.of_cron = h(
			"fieldset",
			{},
			field(__("Times (cron)"), this.cron),
			h("p", { class: "hint", id: "cron-hint" }, cron_hint),
			field(__("Time zone"), this.zone),
			h(
				"datalist",
				{ id: "zones" },
				(Intl.supportedValuesOf?.("timeZone") ?? []).map((value) => h("option", { value })),
			),
		);
		this.of_all = field(__("At most so many"), this.limit);
		this.of_interval = field(__("Seconds from one to the next"), this.interval);
		return [
			field(__("Title"), this.title),
			field(__("Type"), this.type),
			!this.schedule && boot.organizations.length > 1 && field(__("Organization"), this.organization),
			this.kept_parameters(),
			this.parameters,
			field(__("When"), this.kind),
			this.of_cron,
			this.of_interval,
			field(__("Not before"), this.starts),
			field(__("Not after"), this.ends),
			this.next_times,
			field(__("While its last job has not ended"), this.overlap),
			field(__("After an outage, make of what was missed"), this.catch_up),
			this.of_all,
			field(__("Priority"), this.priority),
			this.schedule?.is_taken_over &&
				h(
					"p",
					{ class: "hint" },
					__("Its jobs are those of {0}; saved by you, yours.", [this.schedule.run_as]),
				),
			this.error,
			h(
				"div",
				{ class: "buttons" },
				h("button", { type: "button", onclick: () => this.dialog.close() }, __("Close")),
				this.go,
			),
		].filter(Boolean);
	}

	// Values that are masked must not be saved as they are shown: parameters stay, or are given anew.
	kept_parameters() {
		if (!this.schedule) return null;
		const { parameters, parameter_titles } = this.schedule;
		this.kept = h("div", {}, parameter_facts(parameters, parameter_titles));
		return h(
			"div",
			{ class: "field" },
			h("label", { class: "check" }, this.anew, h("span", {}, __("Give other parameters"))),
			this.kept,
		);
	}

	show_type() {
		const offered = offered_types.find((one) => one.name === this.type.value);
		const is_kept = this.schedule && this.type.value === this.schedule.job_type && !this.anew.checked;
		if (this.kept) this.kept.hidden = !is_kept;
		this.parameters.hidden = true;
		this.inputs = is_kept ? null : this.new_inputs(offered?.form ?? AS_JSON);
	}

	// A typed form begins with what the schedule has, but for secrets.
	new_inputs(form) {
		const is_same = this.schedule && this.type.value === this.schedule.job_type;
		const values = form.schema && is_same ? this.schedule.parameters : undefined;
		return new ParameterForm(this.parameters, { ...form, values, host: form_host(this.type.value) });
	}

	show_kind() {
		const is_cron = this.kind.value === "Cron";
		this.of_cron.hidden = !is_cron;
		this.of_interval.hidden = is_cron;
		this.preview();
	}

	show_limit() {
		this.of_all.hidden = this.catch_up.value !== "All";
	}

	timing() {
		if (this.kind.value === "Interval") return { interval_seconds: this.interval.valueAsNumber };
		return { cron: this.cron.value, time_zone: this.zone.value };
	}

	preview_soon() {
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.preview(), TYPED_MS);
	}

	async preview() {
		clearTimeout(this.timer);
		const timing = this.timing();
		if (!timing.cron?.trim() && !timing.interval_seconds) return this.next_times.replaceChildren();
		const { starts_at, counted_from } = this.schedule ?? {};
		const starts = instant(this.starts, starts_at);
		// an interval that begins at no time is counted from an instant that is no field
		const counted = timing.cron || starts !== starts_at ? starts : counted_from;
		const ends = instant(this.ends, this.schedule?.ends_at);
		const asked = (this.asked = { ...timing, starts_at: counted, ends_at: ends });
		let shown;
		try {
			shown = times_list(await preview_schedule(asked));
		} catch (refusal) {
			if (refusal instanceof SessionEnded) return;
			shown = [h("p", { class: "hint" }, refusal.message)];
		}
		if (asked === this.asked) this.next_times.replaceChildren(...shown);
	}

	async save(event) {
		event.preventDefault();
		this.error.textContent = "";
		for (const input of this.fields) show_error(input, "");
		const parameters = this.inputs?.read();
		const wrong = this.what_is_wrong();
		for (const [input, message] of wrong) show_error(input, message);
		// the title stands before the parameters, which have taken the focus, and all others behind them
		if (wrong.length && (parameters !== null || wrong[0][0] === this.title)) wrong[0][0].focus();
		if (wrong.length || parameters === null) return;
		set_busy(this.go, true);
		try {
			const saved = await this.send({ ...this.chosen(), ...(this.inputs && { parameters }) });
			this.dialog.close();
			announce(__("{0} is saved", [saved.title]));
			this.on_saved();
		} catch (refusal) {
			set_busy(this.go, false);
			if (this.show_refusal(refusal.message)) return;
			tell_refusal(refusal, this.error, this.inputs?.show_refusal(refusal));
		}
	}

	// Show what the server says of a field at that field; false when there is none.
	show_refusal(message) {
		const input = this.fields.find(({ name }) => message.startsWith(`${name}: `));
		if (!input?.offsetParent) return false;
		show_error(input, message.slice(input.name.length + 2));
		input.focus();
		return true;
	}

	// Pairs of an input and what is wrong with it. An empty field would leave a schedule as it is.
	what_is_wrong() {
		const is_cron = this.kind.value === "Cron";
		const is_whole = (input) => Number.isInteger(input.valueAsNumber);
		const { badInput: bad_start } = this.starts.validity;
		const { badInput: bad_end } = this.ends.validity;
		return [
			[!this.title.value.trim(), this.title, __("Enter a title.")],
			[is_cron && !this.cron.value.trim(), this.cron, __("Enter the times.")],
			[!is_cron && !is_whole(this.interval), this.interval, __("Enter a whole number of seconds.")],
			[bad_start, this.starts, __("This is no date with a time.")],
			[bad_end, this.ends, __("This is no date with a time.")],
			[
				this.catch_up.value === "All" && !is_whole(this.limit),
				this.limit,
				__("Enter how many are made at most."),
			],
		]
			.filter(([is_wrong]) => is_wrong)
			.map(([, input, message]) => [input, message]);
	}

	get fields() {
		return [
			...[this.title, this.type, this.organization, this.kind, this.cron, this.interval, this.zone],
			...[this.overlap, this.catch_up, this.limit, this.priority, this.starts, this.ends],
		].filter((input) => input.isConnected);
	}

	chosen() {
		return {
			title: this.title.value,
			job_type: this.type.value,
			...this.timing(),
			overlap: this.overlap.value,
			catch_up: this.catch_up.value,
			...(this.catch_up.value === "All" && { catch_up_limit: this.limit.valueAsNumber }),
		};
	}

	// Fields that may be empty: those that have a value, and the names of those that are emptied.
	optional() {
		const before = this.schedule ?? {};
		const values = {
			priority: this.priority.value || null,
			starts_at: instant(this.starts, before.starts_at),
			ends_at: instant(this.ends, before.ends_at),
		};
		const names = Object.keys(values).filter((name) => values[name] !== (before[name] ?? null));
		return {
			given: Object.fromEntries(names.map((name) => [name, values[name]]).filter(([, value]) => value)),
			clear: names.filter((name) => !values[name]),
		};
	}

	send(values) {
		const { given, clear } = this.optional();
		if (!this.schedule) {
			const request = { ...values, ...given, organization: this.organization.value };
			return create_schedule({ ...request, idempotency_key: this.key_of(request) });
		}
		const { schedule_id, is_taken_over } = this.schedule;
		const run_as = is_taken_over && { run_as: boot.user };
		return update_schedule({ ...values, ...given, schedule_id, ...(clear.length && { clear }), ...run_as });
	}
}

// What is wrong with the input is shown below it.
function field(label, input) {
	const error = h("span", { class: "error", id: `${input.name}-error` });
	const described_by = [input.getAttribute("aria-describedby"), error.id].filter(Boolean);
	input.setAttribute("aria-describedby", described_by.join(" "));
	return h("div", { class: "field" }, h("label", {}, h("span", {}, label), input), error);
}

function show_error(input, text) {
	input.setAttribute("aria-invalid", Boolean(text));
	input.closest(".field").querySelector(".error").textContent = text;
}

const text_input = (name, value, properties) =>
	h("input", { name, type: "text", value, autocomplete: "off", ...properties });

// A time of the browser's zone.
function time_input(name, time) {
	const at = time && new Date(time);
	const value = at ? new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19) : "";
	const input = h("input", { name, type: "datetime-local", step: 1, value });
	input.dataset.shown = input.value;
	return input;
}

// What the input says, in UTC; the time that it began with as long as nobody has changed it.
function instant(input, before) {
	if (input.value === input.dataset.shown) return before ?? null;
	return input.value ? new Date(input.value).toISOString() : null;
}

function times_list(times) {
	if (!times.length) return [h("p", { class: "hint" }, __("There is no next time."))];
	const items = times.map((time) => h("li", {}, h("time", { datetime: time }, moment(time))));
	return [h("p", { class: "hint" }, __("Next times, in your time zone")), h("ol", {}, items)];
}

// A schedule: its fields, and what the server says of its next times and its last slots.

const API = "dartwing.dartwing_core.api.schedules.";
const OUTCOMES = { submitted: "green", skipped: "gray", refused: "red" };

frappe.ui.form.on("Job Schedule", {
	refresh(frm) {
		dartwing.jobs.style();
		frm.saved_job_type = frm.doc.job_type;
		offer_form(frm);
		frm.get_field("overview").$wrapper.empty();
		if (frm.is_new()) return;
		show_buttons(frm);
		return look(frm);
	},
});

// Beside the JSON of the new parameters, the form of the Job Type.
function offer_form(frm) {
	const { $wrapper } = frm.get_field("new_parameters");
	$wrapper.find(".dartwing-fill-in").remove();
	if (!frm.perm[0]?.write) return;
	const $button = $(`<button type="button" class="btn btn-default btn-xs dartwing-fill-in"></button>`);
	$button.text(__("Fill In…")).on("click", () => fill_in(frm));
	$wrapper.append($button);
}

function fill_in(frm) {
	const { job_type, parameters, new_parameters, __islocal } = frm.doc;
	if (!job_type) return frappe.msgprint(__("Choose a Job Type first."));
	const is_changed = __islocal || frm.doc.job_type !== frm.saved_job_type;
	return dartwing.jobs.ask_for_parameters({
		title: __("New Parameters"),
		label: __("Take Them"),
		job_type,
		values: new_parameters || (is_changed ? undefined : parameters),
		on_read: async (text, dialog) => {
			await frm.set_value("new_parameters", text);
			dialog.hide();
		},
	});
}

async function look(frm) {
	const schedule_id = frm.doc.name;
	let schedule;
	try {
		schedule = await dartwing.jobs.call(`${API}get_schedule`, { schedule_id });
	} catch (error) {
		return frm.dashboard.set_headline_alert(frappe.utils.escape_html(error.message), "red");
	}
	if (frm.doc.name === schedule_id) {
		frm.get_field("overview").$wrapper.html(next_times(schedule) + last_slots(schedule));
	}
}

function next_times({ is_paused, next_times }) {
	const none = is_paused ? __("It is paused.") : __("There is no next time.");
	const list = next_times.map((time) => `<li>${shown(time)}</li>`).join("");
	return `<p class="text-muted">${__("Next times")}</p>${list ? `<ul>${list}</ul>` : `<p>${none}</p>`}`;
}

function last_slots({ last_slots }) {
	if (!last_slots.length) return "";
	const rows = last_slots.map(({ slot, outcome, job, status, reason }) => {
		const state = status ? dartwing.jobs.pill(status) : "";
		const about = job ? `${dartwing.jobs.job_link(job)} ${state}` : frappe.utils.escape_html(reason || "");
		const label = `<span class="indicator-pill ${OUTCOMES[outcome]}">${__(outcome)}</span>`;
		return `<tr><td>${shown(slot)}</td><td>${label}</td><td>${about}</td></tr>`;
	});
	const head = `<p class="text-muted">${__("Last slots")}</p>`;
	return `${head}<table class="table"><tbody>${rows.join("")}</tbody></table>`;
}

// a time in UTC, in the zone that Desk shows
function shown(time) {
	const zone = frappe.boot.time_zone?.user || frappe.boot.time_zone?.system || "UTC";
	const local = moment.utc(time).tz(zone).format("YYYY-MM-DD HH:mm:ss");
	return frappe.utils.escape_html(frappe.datetime.str_to_user(local));
}

function show_buttons(frm) {
	frm.clear_custom_buttons();
	frm.add_custom_button(__("Jobs"), () => {
		frappe.route_options = { job_schedule: frm.doc.name };
		frappe.set_route("List", "Background Job", "List");
	});
	if (!frm.perm[0]?.write) return;
	const [label, method] = frm.doc.is_paused
		? [__("Resume"), "resume_schedule"]
		: [__("Pause"), "pause_schedule"];
	frm.add_custom_button(label, () => act(frm, method));
	frm.add_custom_button(__("Backfill"), () => backfill(frm));
}

function backfill(frm) {
	const time = (fieldname, label) => ({ fieldname, label, fieldtype: "Datetime", reqd: 1 });
	frappe.prompt(
		[time("start", __("From")), time("end", __("To"))],
		async (range) => {
			const answer = await act(frm, "backfill_schedule", range);
			if (!answer) return;
			const counts = [answer.submitted.length, answer.there.length, answer.refused.length];
			frappe.msgprint(__("{0} jobs submitted, {1} were there, {2} were refused", counts));
		},
		__("Make the slots that have no job"),
		__("Backfill"),
	);
}

async function act(frm, method, args = {}) {
	let answer;
	try {
		answer = await dartwing.jobs.call(API + method, { schedule_id: frm.doc.name, ...args });
	} catch (error) {
		dartwing.jobs.complain(error);
	}
	await frm.reload_doc();
	return answer;
}

// A Job Type with the figures of its last day, and a way to run it now.

frappe.ui.form.on("Job Type", {
	refresh(frm) {
		dartwing.jobs.style();
		if (frm.is_new()) return;
		if (!frm.doc.is_enabled) {
			frm.set_intro(__("Disabled: jobs of this type are refused."), "red");
		} else if (frm.doc.is_paused) {
			frm.set_intro(__("Paused: jobs of this type are accepted and wait."), "orange");
		}
		add_buttons(frm);
		show_figures(frm);
	},
});

function add_buttons(frm) {
	if (frm.doc.is_enabled) {
		frm.add_custom_button(__("Run Now"), () => ask_to_run(frm)).addClass("btn-primary");
	}
	frm.add_custom_button(__("Jobs"), () =>
		frappe.set_route("List", "Background Job", { job_type: frm.doc.name }),
	);
	if (!frappe.user.has_role("System Manager")) return;
	const [method, label] = frm.doc.is_paused ? ["resume", __("Resume")] : ["pause", __("Pause")];
	frm.add_custom_button(label, async () => {
		try {
			await dartwing.jobs.call(dartwing.jobs.DESK + method, { job_type: frm.doc.name });
		} catch (error) {
			dartwing.jobs.complain(error);
		}
		return frm.reload_doc();
	});
}

async function show_figures(frm) {
	const job_type = frm.doc.name;
	const figures = await dartwing.jobs.call(`${dartwing.jobs.DESK}get_job_type_figures`, { job_type });
	if (frm.doc.name !== job_type) return;
	const rate = figures.failure_rate;
	const seconds = (value) => (value === null ? "–" : dartwing.jobs.duration(value));
	const cells = [
		[__("Waiting"), figures.waiting],
		[__("Running"), figures.running],
		[__("Completed, 24 h"), figures.completed],
		[__("Dead letters, 24 h"), figures.failed, figures.failed ? "red" : ""],
		[
			__("Failure rate, 24 h"),
			rate === null ? "–" : `${(100 * rate).toFixed(1)} %`,
			rate > 0.05 ? "red" : "",
		],
		[__("Average time"), seconds(figures.average_seconds)],
		[__("95 % are faster than"), seconds(figures.p95_seconds)],
	].map(
		([label, value, color]) => `<div><div class="label">${label}</div>
			<div class="value dartwing-figure" style="${color ? `color: var(--${color}-600)` : ""}">${value}</div></div>`,
	);
	frm.dashboard.wrapper?.find(".dartwing-figures").remove();
	const $section = frm.dashboard.add_section(
		`<div class="dartwing-facts m-0">${cells.join("")}</div>`,
		__("Last Day"),
		"form-dashboard-section custom dartwing-figures",
	);
	frm.dashboard.show();
	return $section;
}

// --- run now

function ask_to_run(frm) {
	const is_typed = Boolean(frm.doc.parameters_schema);
	const dialog = new frappe.ui.Dialog({
		title: __("Run {0}", [frappe.utils.escape_html(frm.doc.display_name)]),
		fields: [
			{ fieldname: "problem", fieldtype: "HTML" },
			{
				fieldname: "organization",
				fieldtype: "Link",
				label: __("Organization"),
				options: "Organization",
				reqd: 1,
				get_query: () => ({ filters: { status: "Active" } }),
			},
			{ fieldtype: "Section Break" },
			is_typed ? { fieldname: "parameters_form", fieldtype: "HTML" } : json_field(frm),
			{ fieldtype: "Section Break" },
			{
				fieldname: "priority",
				fieldtype: "Select",
				label: __("Priority"),
				options: ["Low", "Normal", "High", "Critical"],
				default: frm.doc.default_priority,
			},
			{ fieldtype: "Column Break" },
			{
				fieldname: "scheduled_at",
				fieldtype: "Datetime",
				label: __("Not before"),
			},
			{ fieldtype: "Section Break" },
			{
				fieldname: "dry_run",
				fieldtype: "Check",
				label: __("Dry run"),
				description: __("Says what would change, and changes nothing."),
			},
		],
		primary_action_label: __("Run Now"),
		primary_action: (values) => run(frm, dialog, values),
	});
	dialog.$wrapper.addClass("dartwing-dialog");
	dialog.show();
	choose_the_only_organization(dialog);
	if (is_typed) dartwing.jobs.draw_parameters(dialog, frm.doc.name);
}

function json_field(frm) {
	return {
		fieldname: "parameters",
		fieldtype: "Code",
		options: "JSON",
		label: __("Parameters"),
		description: __("A JSON object, as the handler {0} takes it.", [
			frappe.utils.escape_html(frm.doc.kind === "Script" ? __("Script") : frm.doc.handler_method),
		]),
		default: frm.doc.parameters_template || "{}",
	};
}

async function choose_the_only_organization(dialog) {
	const options = { filters: { status: "Active" }, fields: ["name"], limit: 2 };
	const organizations = await frappe.db.get_list("Organization", options);
	if (organizations.length === 1) dialog.set_value("organization", organizations[0].name);
}

async function run(frm, dialog, { organization, parameters: written, priority, scheduled_at, dry_run }) {
	const complain = (text, html) => dartwing.jobs.show_problem(dialog, text, html);
	complain("");
	const parameters = dialog.parameters ? dialog.parameters.read() : written;
	// the form shows what is wrong
	if (parameters === null) return;
	try {
		check_parameters(parameters);
	} catch (error) {
		return complain(error.message);
	}
	dialog.disable_primary_action();
	try {
		const request = {
			job_type: frm.doc.name,
			organization,
			// as it was typed: JavaScript's numbers are not exact
			parameters: parameters || "{}",
			priority,
			scheduled_at: scheduled_at || null,
			dry_run: Boolean(dry_run),
		};
		const { job_id } = await dartwing.jobs.call(`${dartwing.jobs.REST}submit_job`, {
			...request,
			idempotency_key: key_of(dialog, request),
		});
		dartwing.jobs.leave_for(dialog, job_id);
	} catch (error) {
		const existing = error.body?.existing_job_id;
		const link = existing ? ` ${dartwing.jobs.job_link(existing, __("Show it"))}` : "";
		complain(dialog.parameters ? dialog.parameters.show_refusal(error) : error.message, link);
	}
	dialog.enable_primary_action();
}

// the same key for the same request: its answer may have been lost, and it is sent again
function key_of(dialog, request) {
	const said = JSON.stringify(request);
	if (dialog.said !== said) Object.assign(dialog, { said, idempotency_key: frappe.utils.get_random(32) });
	return dialog.idempotency_key;
}

function check_parameters(text) {
	let value;
	try {
		value = JSON.parse(text || "{}");
	} catch (error) {
		throw new Error(__("Parameters are no valid JSON: {0}", [error.message]));
	}
	if (value === null || typeof value !== "object" || Array.isArray(value)) {
		throw new Error(__("Parameters must be a JSON object, for example {0}", ['{"duration": 5}']));
	}
}

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
			{
				fieldname: "parameters",
				fieldtype: "Code",
				options: "JSON",
				label: __("Parameters"),
				description: __("A JSON object, as the handler {0} takes it.", [
					frappe.utils.escape_html(frm.doc.handler_method),
				]),
				default: frm.doc.parameters_template || "{}",
			},
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
		],
		primary_action_label: __("Run Now"),
		primary_action: (values) => run(frm, dialog, values),
	});
	dialog.$wrapper.addClass("dartwing-dialog");
	dialog.show();
	choose_the_only_organization(dialog);
}

async function choose_the_only_organization(dialog) {
	const options = { filters: { status: "Active" }, fields: ["name"], limit: 2 };
	const organizations = await frappe.db.get_list("Organization", options);
	if (organizations.length === 1) dialog.set_value("organization", organizations[0].name);
}

async function run(frm, dialog, { organization, parameters, priority, scheduled_at }) {
	const complain = (html) =>
		dialog
			.get_field("problem")
			.$wrapper.html(html && `<div class="dartwing-problem" role="alert">${html}</div>`);
	complain("");
	try {
		check_parameters(parameters);
	} catch (error) {
		return complain(frappe.utils.escape_html(error.message));
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
		};
		const { job_id } = await dartwing.jobs.call(`${dartwing.jobs.REST}submit_job`, {
			...request,
			idempotency_key: key_of(dialog, request),
		});
		// not before it has faded out: a change of route would leave its backdrop over the page
		dialog.$wrapper.one("hidden.bs.modal", () => frappe.set_route("Form", "Background Job", job_id));
		dialog.hide();
	} catch (error) {
		const existing = error.body?.existing_job_id;
		const link = existing ? ` ${dartwing.jobs.job_link(existing, __("Show it"))}` : "";
		complain(frappe.utils.escape_html(error.message) + link);
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

// The list: what needs attention at a glance, and what can be done to many jobs at once.

const DOCTYPE = "Background Job";
const ADMIN_ROLES = ["System Manager", "Dartwing Admin"];
const REFRESH_MS = 2000;
const COUNT_MS = 10_000;
// how often the list is read when nothing is heard: new organizations, lost events
const POLL_MS = 15_000;
// rows that one request acts on, as many as the server takes
const BATCH = 100;

const QUICK_FILTERS = [
	{ label: __("All"), statuses: null },
	{ label: __("Needs attention"), statuses: ["Dead Letter", "Failed", "Timed Out"] },
	{ label: __("Waiting"), statuses: ["Pending", "Queued"] },
	{ label: __("Running"), statuses: ["Running"] },
	{ label: __("My jobs"), owner: true },
];

frappe.listview_settings[DOCTYPE] = {
	add_fields: [
		"status",
		"is_dry_run",
		"progress",
		"progress_message",
		"error_message",
		"organization",
		"depends_on",
		"scheduled_at",
		"next_retry_at",
		"started_at",
		"completed_at",
		"output_reference",
	],

	get_indicator(job) {
		const status = job.is_dry_run ? __("{0} (dry run)", [__(job.status)]) : __(job.status);
		return [status, dartwing.jobs.COLORS[job.status], `status,=,${job.status}`];
	},

	formatters: {
		organization: (name) => dartwing.jobs.filterable("organization", name),
		progress_message: (_value, _df, job) => row_state(job),
		name: (name) => {
			const text = frappe.utils.escape_html(name);
			return `<a class="dartwing-id" href="${frappe.utils.get_form_link(DOCTYPE, name)}">${text}</a>`;
		},
	},

	onload(listview) {
		dartwing.jobs.style();
		add_quick_filters(listview);
		add_bulk_actions(listview);
		setInterval(() => {
			if (!document.hidden && frappe.get_route_str() === listview.page_name) refresh_soon(listview);
		}, POLL_MS);
	},

	refresh(listview) {
		show_on_phones(listview);
		show_active_filter(listview);
		show_counts(listview);
		follow_rows(listview);
	},
};

// --- rows

function row_state(job) {
	const percent = Math.round(job.progress);
	const text = frappe.utils.escape_html(row_text(job) || "");
	const bar =
		job.status === "Running"
			? `<div class="dartwing-bar" role="progressbar" aria-label="${__("Progress")}" aria-valuemin="0"
				aria-valuemax="100" aria-valuenow="${percent}"><div style="width: ${percent}%"></div></div>`
			: "";
	return `<div class="dartwing-row" data-job="${frappe.utils.escape_html(job.name)}" title="${text}">
		${bar}<span class="text">${text}</span></div>`;
}

function row_text(job) {
	switch (job.status) {
		case "Pending":
			if (job.depends_on) return __("waits for {0}", [job.depends_on]);
			return job.scheduled_at ? __("from {0}", [frappe.datetime.str_to_user(job.scheduled_at)]) : "";
		case "Running":
			return [`${Math.round(job.progress)} %`, job.progress_message].filter(Boolean).join(" · ");
		case "Completed":
			return __("took {0}", [
				dartwing.jobs.duration(dartwing.jobs.seconds_between(job.started_at, job.completed_at)),
			]);
		case "Failed":
		case "Timed Out":
		case "Dead Letter":
			return job.error_message;
		case "Canceled":
			return job.is_dry_run ? job.error_message : "";
		default:
			return "";
	}
}

// On a phone Frappe v15 shows the title and the status only; what v16 shows beside them has no room.
function show_on_phones(listview) {
	listview.$result.find(".list-row").each((index, element) => {
		const job = listview.data[index];
		if (job) $(element).after(`<div class="dartwing-phone">${row_state(job)}</div>`);
	});
}

// --- saved filters

function add_quick_filters(listview) {
	const buttons = QUICK_FILTERS.map(
		(filter, index) =>
			`<button class="btn btn-default btn-xs" data-quick="${index}">${filter.label}<span class="n"></span></button>`,
	);
	listview.$quick = $(`<div class="dartwing-quick" role="toolbar" aria-label="${__("Filters")}">
		${buttons.join("")}</div>`);
	listview.$quick.on("click", "button", (event) =>
		apply_filter(listview, QUICK_FILTERS[event.currentTarget.dataset.quick]),
	);
	listview.$quick.insertBefore(listview.page.page_form);
}

function conditions_of({ statuses, owner }) {
	if (statuses)
		return [
			[
				DOCTYPE,
				"status",
				statuses.length > 1 ? "in" : "=",
				statuses.length > 1 ? statuses : statuses[0],
			],
		];
	return owner ? [[DOCTYPE, "owner_user", "=", frappe.session.user]] : [];
}

async function apply_filter(listview, filter) {
	const conditions = conditions_of(filter);
	await listview.filter_area.clear(!conditions.length);
	if (conditions.length) await listview.filter_area.add(conditions);
}

function show_active_filter(listview) {
	const current = JSON.stringify(listview.get_filters_for_args().map((filter) => filter.slice(0, 4)));
	QUICK_FILTERS.forEach((filter, index) => {
		const is_active = JSON.stringify(conditions_of(filter)) === current;
		listview.$quick
			.find(`[data-quick=${index}]`)
			.toggleClass("btn-primary", is_active)
			.toggleClass("btn-default", !is_active)
			.attr("aria-pressed", is_active);
	});
}

async function show_counts(listview) {
	if (Date.now() - (listview.counted_at || 0) < COUNT_MS) return;
	listview.counted_at = Date.now();
	const counts = await dartwing.jobs.call(`${dartwing.jobs.DESK}count_by_status`);
	QUICK_FILTERS.forEach(({ statuses }, index) => {
		if (!statuses) return;
		const jobs = statuses.reduce((sum, status) => sum + counts[status], 0);
		listview.$quick.find(`[data-quick=${index}] .n`).text(frappe.utils.shorten_number(jobs, null, 5));
	});
}

// --- live

function follow_rows(listview) {
	const organizations = [...new Set(listview.data.map((job) => job.organization))].sort();
	const wanted = JSON.stringify(organizations);
	if (listview.follows === wanted) return;
	listview.unfollow?.();
	listview.follows = wanted;
	listview.unfollow = dartwing.jobs.follow(organizations, (name, event) => on_event(listview, name, event));
}

function on_event(listview, name, event) {
	if (frappe.get_route_str() !== listview.page_name) return;
	if (name === "job_progress") {
		const job = listview.data.find((row) => row.name === event.job_id);
		if (!job) return;
		if (job.status !== "Running") return refresh_soon(listview);
		Object.assign(job, { progress: event.progress, progress_message: event.progress_message });
		listview.$result
			.find(`.dartwing-row[data-job="${CSS.escape(job.name)}"]`)
			.replaceWith(row_state(job));
	} else {
		refresh_soon(listview);
	}
}

function refresh_soon(listview) {
	clearTimeout(listview.refresh_timer);
	const since = Date.now() - (listview.refreshed_at || 0);
	listview.refresh_timer = setTimeout(
		() => {
			// a refresh would lose what is selected
			if (listview.get_checked_items(true).length || listview.filter_area.is_being_edited()) return;
			listview.refreshed_at = Date.now();
			refresh(listview);
		},
		Math.max(300, REFRESH_MS - since),
	);
}

function refresh(listview) {
	// Frappe skips what it asked in the last three seconds
	listview.last_args = null;
	listview.refresh();
}

// --- many at once

const LABELS = {
	retry: {
		name: __("Retry"),
		doing: __("Retrying"),
		done: __("{0} jobs will be tried again"),
		none: __("No job here is a dead letter: there is nothing to retry."),
	},
	cancel: {
		name: __("Cancel"),
		doing: __("Canceling"),
		done: __("{0} jobs canceled"),
		none: __("No job here is unfinished: there is nothing to cancel."),
	},
	discard: {
		name: __("Discard"),
		doing: __("Discarding"),
		done: __("{0} jobs discarded"),
		none: __("No job here is a dead letter: there is nothing to discard."),
	},
};

function add_bulk_actions(listview) {
	const actions = frappe.user.has_role(ADMIN_ROLES) ? ["retry", "cancel", "discard"] : ["cancel"];
	for (const action of actions) {
		const { name } = LABELS[action];
		listview.page.add_actions_menu_item(name, () => act_on_selected(listview, action), false);
		listview.page.add_inner_button(name, () => act_on_filter(listview, action), __("All in this Filter"));
	}
}

function act_on_selected(listview, action) {
	const job_ids = listview.get_checked_items(true);
	ask(action, __("{0} {1} selected jobs?", [LABELS[action].name, job_ids.length]), (reason) =>
		run(listview, action, job_ids.length, function* () {
			for (let start = 0; start < job_ids.length; start += BATCH) {
				yield () =>
					dartwing.jobs.call(`${dartwing.jobs.DESK}act_on_jobs`, {
						action,
						reason,
						job_ids: job_ids.slice(start, start + BATCH),
					});
			}
		}),
	);
}

async function act_on_filter(listview, action) {
	const filters = listview.get_filters_for_args();
	let count;
	try {
		count = await dartwing.jobs.call(`${dartwing.jobs.DESK}count_matching`, { action, filters });
	} catch (error) {
		return dartwing.jobs.complain(error);
	}
	const { jobs, until } = count;
	if (!jobs) return frappe.msgprint({ title: LABELS[action].name, message: LABELS[action].none });
	const question = filters.length
		? __("{0} all {1} jobs that match this filter?", [LABELS[action].name, jobs])
		: __("There is no filter. {0} all {1} jobs?", [LABELS[action].name, jobs]);
	ask(action, question, (reason) =>
		run(listview, action, jobs, function* () {
			let after = null;
			do {
				yield async () => {
					const args = { action, filters, until, after, reason };
					const answer = await dartwing.jobs.call(`${dartwing.jobs.DESK}act_on_matching`, args);
					after = answer.after;
					return answer;
				};
			} while (after);
		}),
	);
}

// Confirm, with a reason where the action needs one, and go on with it.
function ask(action, question, go_on) {
	if (action !== "discard") return frappe.confirm(question, () => go_on());
	const fields = [
		{ fieldtype: "HTML", options: `<p>${question}</p>` },
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
	];
	frappe.prompt(fields, ({ reason }) => go_on(reason), LABELS.discard.name, LABELS.discard.name);
}

// Run batch after batch, showing how far it is; at the end say how many were done, and why not the rest.
async function run(listview, action, total, batches) {
	const label = LABELS[action];
	const dialog = new frappe.ui.Dialog({
		title: label.doing,
		fields: [{ fieldtype: "HTML", fieldname: "state" }],
		secondary_action_label: __("Stop"),
		secondary_action: () => (stopped = true),
	});
	let stopped = false;
	let done = 0;
	const refused = {};
	const show = (html) => dialog.get_field("state").$wrapper.html(html);
	listview.disable_list_update = true;
	dialog.show();
	show(bulk_progress(0, total));
	let problem = "";
	try {
		for (const next of batches()) {
			const answer = await next();
			done += answer.done.length;
			Object.assign(refused, answer.refused);
			show(bulk_progress(done + Object.keys(refused).length, total));
			if (stopped) break;
		}
	} catch (error) {
		problem = error.message;
	}
	listview.disable_list_update = false;
	dialog.set_title(problem ? __("Not done") : stopped ? __("Stopped") : __("Done"));
	dialog.set_secondary_action(() => dialog.hide());
	dialog.set_secondary_action_label(__("Close"));
	show(bulk_result(label.done.replace("{0}", done), refused, problem));
	listview.clear_checked_items();
	listview.counted_at = 0;
	refresh(listview);
}

function bulk_progress(count, total) {
	const percent = total ? Math.min(100, Math.round((100 * count) / total)) : 100;
	return `<div class="dartwing-head"><span class="message">${__("{0} of {1}", [count, total])}</span>
		<span class="percent">${percent} %</span></div>
		<div class="dartwing-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"
			aria-valuenow="${percent}"><div style="width: ${percent}%"></div></div>`;
}

function bulk_result(sentence, refused, problem) {
	const names = Object.keys(refused);
	const rows = names
		.slice(0, 200)
		.map(
			(name) =>
				`<tr><td>${dartwing.jobs.job_link(name)}</td><td>${frappe.utils.escape_html(refused[name])}</td></tr>`,
		);
	const table = rows.length
		? `<p class="mt-3">${__("{0} were refused:", [names.length])}</p><div class="dartwing-refused">
			<table class="table table-sm">${rows.join("")}</table></div>`
		: "";
	return `${problem ? `<p class="dartwing-problem">${frappe.utils.escape_html(problem)}</p>` : ""}
		<p class="dartwing-done">${sentence}</p>${table}`;
}

// A job as it is now: Frappe shows its fields, the server's dossier the rest.

// while nothing is heard of an unfinished job, look again after so long
const SILENCE_MS = 10_000;
const MAX_PARENTS = 20;
// what is left of a running job is asked for again after so long
const ESTIMATE_MS = 20_000;
const BARS = {
	Completed: "is-done",
	Failed: "is-failed",
	"Timed Out": "is-failed",
	"Dead Letter": "is-dead",
	Canceled: "is-stopped",
};

frappe.ui.form.on("Background Job", {
	refresh(frm) {
		// every field belongs to the engine
		frm.disable_save();
		dartwing.jobs.style();
		show_parameters(frm);
		show_result(frm);
		follow(frm);
		return look(frm);
	},

	on_hide(frm) {
		stop_following(frm);
	},
});

// --- what is shown

// Read the dossier and show it; the form itself is read again when the job moved on.
async function look(frm) {
	const job_id = frm.doc.name;
	let dossier;
	try {
		dossier = await dartwing.jobs.call(`${dartwing.jobs.DESK}get_dossier`, { job_id });
	} catch (error) {
		return frm.dashboard.set_headline_alert(frappe.utils.escape_html(error.message), "red");
	}
	if (frm.doc.name !== job_id) return;
	if (dossier.job.status !== frm.doc.status) return frm.reload_doc();
	frm.dossier = dossier;
	frm.looked_at = Date.now();
	show_buttons(frm);
	show_overview(frm);
	show_history(frm);
	read_log(frm);
}

function show_overview(frm) {
	const { status, progress } = frm.dossier.job;
	const text = headline(frm.dossier, frm.looked_at);
	const shown = { status, text, progress, bar: BARS[status], facts: facts(frm) };
	frm.get_field("overview").$wrapper.html(dartwing.jobs.overview(shown));
}

function show_progress(frm, event) {
	const $overview = frm.get_field("overview").$wrapper;
	const percent = Math.round(event.progress);
	frm.dossier.job.progress = event.progress;
	frm.dossier.job.progress_message = event.progress_message;
	$overview.find("[role=progressbar]").attr("aria-valuenow", percent).children().css("width", `${percent}%`);
	$overview.find(".percent").text(`${percent} %`);
	$overview.find(".message").text(headline(frm.dossier, frm.looked_at));
}

// What a running job is likely to take yet; nothing where nobody knows.
function how_long({ started_at, usual_seconds, p95_seconds, seconds_left }, looked_at) {
	if (!usual_seconds || !started_at) return [];
	const elapsed = dartwing.jobs.seconds_between(started_at);
	const left = (seconds_left || 0) - (Date.now() - looked_at) / 1000;
	const is_long = elapsed > p95_seconds || (left <= 0 && elapsed > usual_seconds);
	return [
		is_long ? __("longer than usual") : null,
		left > 0 ? __("about {0} left", [dartwing.jobs.roughly(left)]) : null,
	].filter(Boolean);
}

function usual_duration({ usual_seconds, p95_seconds }) {
	const values = [usual_seconds, p95_seconds].map((seconds) => dartwing.jobs.roughly(seconds));
	if (values[0] === values[1]) return __("usually {0}", values);
	return __("usually {0}, 95 of 100 within {1}", values);
}

function expected_start({ waits_until, expected_start }) {
	if (waits_until) return dartwing.jobs.clock(waits_until);
	const seconds = (new Date(expected_start) - Date.now()) / 1000;
	return __("in {0}", [dartwing.jobs.roughly(seconds)]);
}

function headline({ job, parents, obstacle }, looked_at) {
	switch (job.status) {
		case "Pending":
			return waits_for(parents.filter(({ status }) => dartwing.jobs.UNFINISHED.includes(status)));
		case "Queued":
			return __("waits for a worker");
		case "Running":
			return [job.progress_message || __("runs"), ...how_long(job, looked_at)].join(" · ");
		case "Failed":
		case "Timed Out":
			if (!job.next_retry_at) return job.error_message;
			return __("{0}; next attempt at {1}", [job.error_message, dartwing.jobs.clock(job.next_retry_at)]);
		case "Dead Letter":
			return obstacle ? `${job.error_message}: ${obstacle}` : job.error_message || "";
		case "Canceled":
			return (job.is_dry_run && job.error_message) || job.progress_message || "";
		default:
			return job.progress_message || "";
	}
}

function waits_for([first, ...more]) {
	if (!first) return __("waits for its turn");
	if (!more.length) return __("waits for {0}", [first.name]);
	return __("waits for {0} and {1} more", [first.name, more.length]);
}

function facts(frm) {
	const { job, attempts, parents, children, more_children, output, would_do } = frm.dossier;
	const last = attempts[attempts.length - 1];
	const list = [];
	const add = (label, html) => list.push(dartwing.jobs.fact(label, html));
	if (job.created_at) {
		const until = attempts.length ? attempts[0].started_at : job.completed_at;
		const waiting = attempts.length || dartwing.jobs.UNFINISHED.includes(job.status);
		if (waiting) add(__("Waited"), ticking(job.created_at, until));
	}
	if (last) {
		add(last.ended_at ? __("Ran") : __("Runs for"), ticking(last.started_at, last.ended_at));
		add(__("Attempts"), __("{0}, retry {1} of {2}", [attempts.length, job.retry_count, job.max_retries]));
		if (last.worker) add(__("Worker"), frappe.utils.escape_html(last.worker.slice(0, 12)));
	}
	if (job.usual_seconds) add(__("How long"), usual_duration(job));
	if (job.expected_start) add(__("Expected start"), expected_start(job));
	if (would_do.length) add(__("What it would do"), would_do.map(line_of_dry_run).join(""));
	if (output) add(__("Output"), output_link(output));
	if (parents.length) {
		const shown = parents.slice(0, MAX_PARENTS).map(relative);
		const more = parents.length - shown.length;
		if (more > 0) shown.push(__("and {0} more", [more]));
		const rule = job.dependency_rule === "end" ? __("whatever becomes of them") : "";
		add(__("Depends on"), `${shown.join("<br>")} ${rule}`);
	}
	if (children.length) {
		const more = more_children ? __("and {0} more", [more_children]) : "";
		add(__("Jobs that depend on it"), `${children.map(relative).join("<br>")} ${more}`);
	}
	return list;
}

function line_of_dry_run({ text, items }) {
	const shown = items.map((item) => `<li>${frappe.utils.escape_html(item)}</li>`).join("");
	return `<div>${frappe.utils.escape_html(text)}</div>${shown ? `<ul>${shown}</ul>` : ""}`;
}

// a duration that goes on while nothing has ended it
function ticking(from, until) {
	const text = dartwing.jobs.duration(dartwing.jobs.seconds_between(from, until));
	return until ? text : `<span data-ticking-since="${from}">${text}</span>`;
}

function relative({ name, job_type, status }) {
	if (!job_type) return `${frappe.utils.escape_html(name)} (${__("deleted")})`;
	return `${dartwing.jobs.job_link(name, `${name} ${job_type}`)} ${dartwing.jobs.pill(status)}`;
}

function output_link({ label, url }) {
	const text = frappe.utils.escape_html(label.split("/").pop());
	const title = frappe.utils.escape_html(label);
	if (!url) return `<span title="${title}">${frappe.utils.escape_html(label)}</span>`;
	return `<a class="dartwing-output" href="${frappe.utils.escape_html(url)}" title="${title}" target="_blank"
		rel="noopener">${text}</a>`;
}

function show_history(frm) {
	const { history, attempts } = frm.dossier;
	const steps = history.map((row, index) => step(row, history[index + 1]));
	frm.get_field("history").$wrapper.html(`
		<ol class="dartwing-steps">${steps.join("")}</ol>
		${attempts.length ? attempts_table(attempts) : ""}
		${frm.dossier.steps.length ? steps_table(frm.dossier.steps) : ""}`);
}

function step(row, next) {
	const goes_on = dartwing.jobs.UNFINISHED.includes(row.to_status);
	const lasted = next || goes_on ? ticking(row.timestamp, next?.timestamp) : "";
	const color = `var(--${dartwing.jobs.COLORS[row.to_status]}-500, var(--gray-500))`;
	return `<li style="--dot: ${color}">
		<span class="when">${dartwing.jobs.clock(row.timestamp)}</span>
		<span class="what"><b>${__(row.to_status)}</b>
			${frappe.utils.escape_html(row.message || "")}
			<span class="by">${frappe.utils.escape_html(short_actor(row.actor))}</span></span>
		<span class="lasted" title="${__("so long it was {0}", [__(row.to_status)])}">${lasted}</span>
	</li>`;
}

// workers have random names of 32 characters
function short_actor(actor) {
	return /^[0-9a-f]{32}$/.test(actor || "") ? __("worker {0}", [actor.slice(0, 8)]) : actor || "";
}

function attempts_table(attempts) {
	const row = ({ number, worker, started_at, ended_at, outcome, error }) => `<tr>
		<td>${number}</td>
		<td>${dartwing.jobs.clock(started_at)}</td>
		<td>${ticking(started_at, ended_at)}</td>
		<td>${dartwing.jobs.pill(outcome || "Running")}</td>
		<td>${frappe.utils.escape_html((worker || "").slice(0, 8))}</td>
		<td class="error">${frappe.utils.escape_html(outcome === "Completed" ? "" : error || "")}</td>
	</tr>`;
	const heads = [__("Attempt"), __("Started"), __("Ran"), __("Outcome"), __("Worker"), __("Error")];
	return `<table class="dartwing-attempts">
		<thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead>
		<tbody>${[...attempts].reverse().map(row).join("")}</tbody>
	</table>`;
}

// what a later attempt does not do again
function steps_table(steps) {
	const row = ({ step, is_done, attempt, started_at, seconds, items_done, items_total }) => `<tr>
		<td class="step">${frappe.utils.escape_html(step)}</td>
		<td>${dartwing.jobs.clock(started_at)}</td>
		<td>${dartwing.jobs.duration(seconds)}</td>
		<td>${attempt}</td>
		<td>${items_text(items_done, items_total)}</td>
		<td>${is_done ? __("done") : __("goes on")}</td>
	</tr>`;
	const heads = [__("Step"), __("Started"), __("Ran"), __("Attempt"), __("Items"), __("State")];
	return `<table class="dartwing-attempts" data-steps>
		<thead><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr></thead>
		<tbody>${steps.map(row).join("")}</tbody>
	</table>`;
}

function items_text(done, total) {
	if (!done && !total) return "";
	return total ? __("{0} of {1}", [done, total]) : String(done);
}

// --- the log

async function read_log(frm) {
	try {
		const log = await log_of(frm);
		await log.read();
	} catch (error) {
		// what could not be read now is read with the next look
		console.warn(error);
	}
}

// Lines of an event; those before them are read where it did not tell all.
async function hear_lines(frm, event) {
	const log = await log_of(frm).catch(() => null);
	if (log?.hear(event)) read_log(frm);
}

// Of the job that is shown.
function log_of(frm) {
	const job_id = frm.doc.name;
	if (frm.job_log?.job_id !== job_id) {
		frm.toggle_display("log_section", false);
		const drawn = { job_id, view: draw_log(frm, job_id) };
		// one that could not be loaded is loaded with the next look
		drawn.view.catch(() => frm.job_log === drawn && delete frm.job_log);
		frm.job_log = drawn;
	}
	return frm.job_log.view;
}

async function draw_log(frm, job_id) {
	const read = (after) => {
		const args = { job_id, limit: 500, ...(after ? { after } : {}) };
		return dartwing.jobs.call(`${dartwing.jobs.REST}get_job_log`, args);
	};
	const on_first = () => frm.toggle_display("log_section", frm.doc.name === job_id);
	const log = await dartwing.jobs.job_log({ read, on_first });
	if (frm.doc.name === job_id) frm.get_field("log").$wrapper.addClass("dartwing-log").empty().append(log.box);
	return log;
}

function show_parameters(frm) {
	const text = frm.doc.input_parameters || "{}";
	frm.get_field("parameters").$wrapper.html(dartwing.jobs.json_block(text));
}

function show_result(frm) {
	for (const name of ["result", "checkpoint"]) {
		const field = frm.get_field(name);
		if (!frm.doc[name] || !field?.$wrapper) continue;
		const value = frm.doc[name];
		const pretty = dartwing.jobs.json_block(typeof value === "string" ? value : JSON.stringify(value));
		field.$wrapper.find(".like-disabled-input").html(pretty).addClass("p-0");
	}
}

// --- what can be done

function show_buttons(frm) {
	frm.clear_custom_buttons();
	const labels = { cancel: __("Cancel Job"), retry: __("Retry"), discard: __("Discard") };
	for (const action of frm.dossier.actions) {
		const $button = frm.add_custom_button(labels[action], () => ACTIONS[action](frm));
		if (action === "retry") $button.removeClass("btn-default").addClass("btn-primary");
	}
	if (frm.dossier.actions.includes("retry")) {
		frm.add_custom_button(__("Retry With Other Parameters"), () => retry_with_parameters(frm));
	}
	const is_rehearsed = frm.doc.is_dry_run && frm.doc.status === "Completed" && !frm.doc.real_job;
	if (is_rehearsed && frm.doc.owner_user === frappe.session.user) {
		frm.add_custom_button(__("Run for Real"), () => run_for_real(frm)).addClass("btn-primary");
	}
	frm.add_custom_button(__("Job Type"), () => frappe.set_route("Form", "Job Type", frm.doc.job_type));
}

const ACTIONS = {
	cancel(frm) {
		frappe.confirm(__("Cancel {0}? Nothing that it writes from now on is kept.", [frm.doc.name]), () =>
			act(frm, "cancel_job", { job_id: frm.doc.name }),
		);
	},
	retry(frm) {
		const retry = (begin_anew) => act(frm, "retry_job", { job_id: frm.doc.name, begin_anew });
		if (!frm.dossier.steps.length && !frm.doc.checkpoint) return retry(false);
		const anew = {
			fieldname: "begin_anew",
			fieldtype: "Check",
			label: __("Begin anew"),
			description: __("Otherwise it goes on behind the steps that are done, with its last checkpoint."),
		};
		frappe.prompt(
			[anew],
			({ begin_anew }) => retry(Boolean(begin_anew)),
			__("Retry {0}", [frm.doc.name]),
			__("Retry"),
		);
	},
	discard(frm) {
		const reason = { fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 };
		const discard = ({ reason }) => act(frm, "discard_jobs", { job_ids: [frm.doc.name], reason });
		frappe.prompt([reason], discard, __("Discard {0}", [frm.doc.name]), __("Discard"));
	},
};

// What makes another job, whose form is shown then.
async function retry_with_parameters(frm) {
	const job_id = frm.doc.name;
	try {
		const url = `${dartwing.jobs.FORMS}get_retry_form`;
		const { job_type, form, parameters } = await dartwing.jobs.call(url, { job_id });
		await dartwing.jobs.ask_for_parameters({
			title: __("Retry {0} with other parameters", [job_id]),
			label: __("Retry"),
			job_type,
			form: form ?? { schema: null, template: null, help: "" },
			values: parameters,
			on_read: async (text, dialog) => {
				const made = await dartwing.jobs.call(`${dartwing.jobs.REST}retry_job`, { job_id, parameters: text });
				dartwing.jobs.leave_for(dialog, made.job_id);
			},
		});
	} catch (error) {
		dartwing.jobs.complain(error);
	}
}

async function run_for_real(frm) {
	try {
		const made = await dartwing.jobs.call(`${dartwing.jobs.REST}run_for_real`, { job_id: frm.doc.name });
		frappe.set_route("Form", "Background Job", made.job_id);
	} catch (error) {
		dartwing.jobs.complain(error);
	}
}

async function act(frm, method, args) {
	try {
		const answer = await dartwing.jobs.call(dartwing.jobs.REST + method, args);
		const refused = Object.values(answer.refused || {});
		if (refused.length) throw new Error(refused[0]);
		frappe.show_alert({ message: answer.message || __("Job discarded"), indicator: "green" });
	} catch (error) {
		dartwing.jobs.complain(error);
	}
	return frm.reload_doc();
}

// --- live

function follow(frm) {
	stop_following(frm);
	const job_id = frm.doc.name;
	const on_event = (name, event) => {
		if (name !== "reconnected" && event.job_id !== job_id) return;
		frm.heard_at = Date.now();
		if (name === "job_log") {
			hear_lines(frm, event);
		} else if (name === "job_progress" && frm.dossier && frm.doc.status === "Running") {
			show_progress(frm, event);
		} else if (name === "job_status_changed") {
			frm.reload_doc();
		} else {
			look(frm);
		}
	};
	const unfollow = dartwing.jobs.follow([frm.doc.organization], on_event);
	const ticker = setInterval(() => tick(frm), 1000);
	frm.heard_at = Date.now();
	frm.stop_following = () => {
		unfollow();
		clearInterval(ticker);
	};
}

function tick(frm) {
	frm.$wrapper.find("[data-ticking-since]").each((_index, element) => {
		const seconds = dartwing.jobs.seconds_between(element.dataset.tickingSince);
		element.textContent = dartwing.jobs.duration(seconds);
	});
	const is_over = !dartwing.jobs.UNFINISHED.includes(frm.doc.status);
	if (is_over || document.hidden || !frm.dossier) return;
	if (frm.doc.status === "Running") {
		frm.get_field("overview").$wrapper.find(".message").text(headline(frm.dossier, frm.looked_at));
	}
	const is_silent = Date.now() - frm.heard_at >= SILENCE_MS;
	const is_old = frm.dossier.job.seconds_left !== null && Date.now() - frm.looked_at >= ESTIMATE_MS;
	if (!is_silent && !is_old) return;
	frm.heard_at = Date.now();
	look(frm);
}

function stop_following(frm) {
	frm.stop_following?.();
	frm.stop_following = null;
}

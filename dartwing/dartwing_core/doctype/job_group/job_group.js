// A group of jobs as it is now: Frappe shows its fields, the server's dossier and graph the rest.

// while nothing is heard of a running group, look again after so long
const SILENCE_MS = 10_000;
const BARS = { Completed: "is-done", Failed: "is-dead", Canceled: "is-stopped" };

frappe.ui.form.on("Job Group", {
	refresh(frm) {
		// every field belongs to the engine
		frm.disable_save();
		dartwing.jobs.style();
		follow(frm);
		return Promise.all([look(frm), look_at_graph(frm)]);
	},

	on_hide(frm) {
		stop_following(frm);
	},
});

// --- what is shown

// Read the dossier and show it; the form itself is read again when the group moved on.
async function look(frm) {
	const group_id = frm.doc.name;
	let dossier;
	try {
		dossier = await dartwing.jobs.call(`${dartwing.jobs.DESK}get_group_dossier`, { group_id });
	} catch (error) {
		return frm.dashboard.set_headline_alert(frappe.utils.escape_html(error.message), "red");
	}
	if (frm.doc.name !== group_id) return;
	if (dossier.group.status !== frm.doc.status) return frm.reload_doc();
	frm.dossier = dossier;
	show_buttons(frm);
	show_overview(frm);
}

async function look_at_graph(frm) {
	const group_id = frm.doc.name;
	let graph;
	try {
		graph = await dartwing.jobs.call(`${dartwing.jobs.DESK}get_group_graph`, { group_id });
	} catch {
		// the dossier's complaint says enough
		return;
	}
	if (frm.doc.name !== group_id) return;
	const wrapper = frm.get_field("graph").$wrapper[0];
	if (!frm.graph?.element.isConnected) frm.graph = new dartwing.jobs.Graph(wrapper);
	frm.job_count = graph.nodes.length + graph.more;
	await frm.graph.show(group_id, graph);
}

function show_overview(frm) {
	const { group } = frm.dossier;
	const { status, progress } = group;
	const $overview = frm.get_field("overview").$wrapper;
	const shown = { status, text: headline(group), progress, bar: BARS[status], facts: facts(group) };
	$overview.html(dartwing.jobs.overview(shown));
	$overview.find("[data-members]").on("click", (event) => {
		event.preventDefault();
		show_members(frm, event.currentTarget.dataset.members);
	});
}

function headline({ job_count, count_by_status }) {
	const unfinished = dartwing.jobs.UNFINISHED.reduce((sum, one) => sum + (count_by_status[one] || 0), 0);
	return __("{0} of {1} jobs have ended", [job_count - unfinished, job_count]);
}

// how many jobs are of which status, each a link to these jobs
function facts({ count_by_status, on_end_job }) {
	const { fact } = dartwing.jobs;
	const list = Object.entries(count_by_status).map(([status, jobs]) =>
		fact(dartwing.jobs.pill(status), `<a href="#" data-members="${status}">${jobs}</a>`),
	);
	if (on_end_job) list.push(fact(__("At its end"), dartwing.jobs.job_link(on_end_job)));
	return list;
}

function show_members(frm, status) {
	frappe.route_options = { job_group: frm.doc.name, ...(status ? { status } : {}) };
	frappe.set_route("List", "Background Job", "List");
}

// --- what can be done

const LABELS = { cancel: __("Cancel Jobs"), retry: __("Retry Failed"), discard: __("Discard Failed") };

function show_buttons(frm) {
	frm.clear_custom_buttons();
	for (const [action, jobs] of Object.entries(frm.dossier.actions)) {
		const $button = frm.add_custom_button(LABELS[action], () => ACTIONS[action](frm, jobs));
		if (action === "retry") $button.removeClass("btn-default").addClass("btn-primary");
	}
	frm.add_custom_button(__("Jobs"), () => show_members(frm));
}

const ACTIONS = {
	cancel(frm, jobs) {
		const question = __("Cancel {0} jobs? Nothing that they write from now on is kept.", [jobs]);
		frappe.confirm(question, () => act(frm, "cancel_group", __("{0} jobs canceled")));
	},
	retry(frm, jobs) {
		const anew = {
			fieldname: "begin_anew",
			fieldtype: "Check",
			label: __("Begin anew"),
			description: __("Otherwise they go on behind the steps that are done, with their last checkpoints."),
		};
		frappe.prompt(
			[anew],
			({ begin_anew }) =>
				act(frm, "retry_group", __("{0} jobs will be tried again"), { begin_anew: Boolean(begin_anew) }),
			__("Retry {0} jobs", [jobs]),
			__("Retry"),
		);
	},
	discard(frm, jobs) {
		const reason = { fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 };
		frappe.prompt(
			[reason],
			({ reason }) => act(frm, "discard_group", __("{0} jobs discarded"), { reason }),
			__("Discard {0} jobs", [jobs]),
			__("Discard"),
		);
	},
};

async function act(frm, method, sentence, args = {}) {
	try {
		const answer = await dartwing.jobs.call(dartwing.jobs.REST + method, { group_id: frm.doc.name, ...args });
		tell(sentence.replace("{0}", answer.done.length), Object.values(answer.refused), answer.left);
	} catch (error) {
		dartwing.jobs.complain(error);
	}
	return frm.reload_doc();
}

// How many it was done to; why not to the others; how many one call did not take.
function tell(done, reasons, left) {
	if (!reasons.length && !left) return frappe.show_alert({ message: done, indicator: "green" });
	const lines = [done];
	if (left) lines.push(__("{0} are left: do it once more", [left]));
	if (reasons.length) lines.push(__("{0} were refused:", [reasons.length]));
	lines.push(...reasons.slice(0, 20).map((reason) => frappe.utils.escape_html(reason)));
	frappe.msgprint({ title: __("Done"), message: lines.join("<br>") });
}

// --- live

function follow(frm) {
	stop_following(frm);
	const group_id = frm.doc.name;
	const on_event = (name, event) => {
		if (name === "job_progress" || name === "job_status_changed") return move(frm, event);
		if (name === "job_group_progress" && event.group_id !== group_id) return;
		frm.heard_at = Date.now();
		look(frm);
		if (name === "reconnected" || event.job_count !== frm.job_count) look_at_graph(frm);
	};
	const unfollow = dartwing.jobs.follow([frm.doc.organization], on_event);
	const ticker = setInterval(() => tick(frm), 1000);
	frm.heard_at = Date.now();
	frm.stop_following = () => {
		unfollow();
		clearInterval(ticker);
	};
}

function move(frm, { job_id, status, to_status, progress }) {
	if (!frm.graph?.has(job_id)) return;
	frm.heard_at = Date.now();
	const changes = { status: status ?? to_status, ...(progress === undefined ? {} : { progress }) };
	frm.graph.update(job_id, changes);
}

function tick(frm) {
	const is_over = frm.doc.status !== "Running";
	if (is_over || document.hidden || Date.now() - frm.heard_at < SILENCE_MS) return;
	frm.heard_at = Date.now();
	look(frm);
	look_at_graph(frm);
}

function stop_following(frm) {
	frm.stop_following?.();
	frm.stop_following = null;
}

// One screen that says what is wrong with the engine, read again while somebody looks at it.

const HEALTH = "/api/method/dartwing.dartwing_core.api.health.get_health";
const EVERY_MS = 15_000;
const STATES = {
	ok: ["green", __("OK")],
	warning: ["orange", __("Warning")],
	down: ["red", __("Down")],
	unknown: ["gray", __("Unknown")],
};

frappe.pages["job-engine-health"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({
		parent: wrapper,
		title: __("Job Engine Health"),
		single_column: true,
	});
	// Frappe v16 lets a page reach the edges of the screen
	const has_margin = parseFloat(page.main.closest(".page-body").css("padding-left"));
	const margin = has_margin ? "mt-3" : "m-3";
	const $checks = $(`<div class="frappe-card p-4 ${margin}" role="status" aria-live="polite"></div>`);
	$checks.appendTo(page.main);
	const look = async () => $checks.html(await examine());
	page.set_primary_action(__("Refresh"), look, "refresh");
	page.add_inner_button(__("Jobs"), () => frappe.set_route("List", "Background Job"));
	page.add_inner_button(__("Settings"), () => frappe.set_route("Form", "Job Engine Settings"));
	wrapper.look = look;
	setInterval(() => {
		if (!document.hidden && $(wrapper).is(":visible")) look();
	}, EVERY_MS);
};

frappe.pages["job-engine-health"].on_page_show = (wrapper) => wrapper.look();

// The findings as rows; what is down answers with 503 and is a finding all the same.
async function examine() {
	let body;
	try {
		const response = await fetch(HEALTH, { headers: { Accept: "application/json" } });
		body = await response.json();
		if (!body.message) throw new Error(body.error || response.statusText);
	} catch (error) {
		return `<p class="text-danger">${frappe.utils.escape_html(error.message)}</p>`;
	}
	const { healthy, checks } = body.message;
	const title = healthy ? __("Everything works") : __("Something needs you");
	return `<h4 class="mb-3">${title}</h4><table class="table mb-0">${checks.map(row).join("")}</table>`;
}

function row({ check, status, message }) {
	const [color, label] = STATES[status];
	return `<tr data-check="${check}">
		<td style="width: 1%"><span class="indicator-pill ${color}">${label}</span></td>
		<td class="text-muted text-nowrap" style="width: 1%">${__(frappe.unscrub(check))}</td>
		<td>${frappe.utils.escape_html(message)}</td></tr>`;
}

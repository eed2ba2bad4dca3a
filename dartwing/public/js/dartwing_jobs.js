// What the Desk forms and the list of the job engine have in common. Frappe loads it with each of them.

frappe.provide("dartwing.jobs");

Object.assign(dartwing.jobs, {
	COLORS: {
		Pending: "gray",
		Queued: "blue",
		Running: "purple",
		Completed: "green",
		Failed: "orange",
		"Timed Out": "orange",
		"Dead Letter": "red",
		Canceled: "darkgrey",
	},
	UNFINISHED: ["Pending", "Queued", "Running", "Failed", "Timed Out"],
	REST: "dartwing.dartwing_core.api.jobs.",
	DESK: "dartwing.dartwing_core.api.desk.",

	// POST to a method; rejects with an Error that carries the server's sentence and its whole `body`
	async call(method, args = {}) {
		const response = await fetch(`/api/method/${method}`, {
			method: "POST",
			headers: {
				"Content-Type": "application/json",
				Accept: "application/json",
				"X-Frappe-CSRF-Token": frappe.csrf_token,
			},
			body: JSON.stringify(args),
		});
		const body = await response.json().catch(() => ({}));
		if (!response.ok) {
			throw Object.assign(new Error(body.error || response.statusText), { body });
		}
		return body.message;
	},

	complain(error) {
		frappe.msgprint({
			title: __("Not done"),
			indicator: "red",
			message: frappe.utils.escape_html(error.message),
		});
	},

	// --- events

	_rooms: dartwing.jobs._rooms || new Map(),
	_followers: dartwing.jobs._followers || new Set(),

	// Call `on_event(name, event)` for what happens to jobs of these organizations, and with "reconnected"
	// after a connection was lost: what was sent meanwhile is to be read. Returns how to stop.
	follow(organizations, on_event) {
		this._listen();
		this._followers.add(on_event);
		organizations.forEach((organization) => this._join(organization));
		return () => {
			this._followers.delete(on_event);
			organizations.forEach((organization) => this._leave(organization));
		};
	},

	_listen() {
		const socket = frappe.realtime.socket;
		if (this._listens_to === socket) return;
		this._listens_to = socket;
		const tell = (name, event) => [...this._followers].forEach((follower) => follower(name, event));
		["job_progress", "job_status_changed", "job_log", "job_group_progress"].forEach((name) =>
			frappe.realtime.on(name, (event) => tell(name, event)),
		);
		// the server forgets the rooms of a lost connection
		frappe.realtime.on("connect", () => {
			[...this._rooms.keys()].forEach((organization) => this._subscribe(organization));
			tell("reconnected");
		});
	},

	_join(organization) {
		const followers = this._rooms.get(organization) || 0;
		this._rooms.set(organization, followers + 1);
		if (!followers) this._subscribe(organization);
	},

	_leave(organization) {
		const followers = this._rooms.get(organization) - 1;
		if (followers) {
			this._rooms.set(organization, followers);
		} else {
			this._rooms.delete(organization);
			frappe.realtime.emit("doc_unsubscribe", "Organization", organization);
		}
	},

	// not frappe.realtime.doc_subscribe: that drops what is asked within a second of the last
	_subscribe(organization) {
		frappe.realtime.emit("doc_subscribe", "Organization", organization);
	},

	// --- texts

	pill(status) {
		const color = this.COLORS[status] || "gray";
		return `<span class="indicator-pill no-indicator-dot ${color}">${__(status)}</span>`;
	},

	// A link's value in a list, as Frappe shows it, which does not escape it in the attribute.
	filterable(fieldname, value) {
		const text = frappe.utils.escape_html(value);
		return `<a class="filterable ellipsis" title="${text}" data-filter="${fieldname},=,${text}">${text}</a>`;
	},

	// the head of a form: status, a sentence, a bar, and facts, which are HTML
	overview({ status, text, progress, bar, facts }) {
		const percent = Math.round(progress);
		return `
			<div class="dartwing-head">
				${this.pill(status)}
				<span class="message">${frappe.utils.escape_html(text)}</span>
				<span class="percent">${percent} %</span>
			</div>
			<div class="dartwing-bar ${bar || ""}" role="progressbar" aria-label="${__("Progress")}"
				aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}">
				<div style="width: ${percent}%"></div>
			</div>
			<div class="dartwing-facts">${facts.join("")}</div>`;
	},

	fact(label, html) {
		return `<div><div class="label">${label}</div><div class="value">${html}</div></div>`;
	},

	job_link(name, label) {
		const text = frappe.utils.escape_html(label || name);
		return `<a href="${frappe.utils.get_form_link("Background Job", name)}">${text}</a>`;
	},

	// an ISO time in UTC, as the user's clock shows it
	clock(iso) {
		const zone = frappe.boot.time_zone?.user || frappe.boot.time_zone?.system;
		const time = zone ? moment.utc(iso).tz(zone) : moment.utc(iso).local();
		return time.format("YYYY-MM-DD HH:mm:ss");
	},

	seconds_between(from, to) {
		return Math.max(0, (to ? new Date(to) : new Date()) - new Date(from)) / 1000;
	},

	duration(seconds) {
		if (seconds < 1) return __("{0} ms", [Math.round(seconds * 1000)]);
		if (seconds < 60) return __("{0} s", [seconds.toFixed(seconds < 10 ? 1 : 0)]);
		const minutes = Math.floor(seconds / 60);
		if (minutes < 60) return __("{0} min {1} s", [minutes, Math.floor(seconds % 60)]);
		const hours = Math.floor(minutes / 60);
		if (hours < 48) return __("{0} h {1} min", [hours, minutes % 60]);
		return __("{0} days", [Math.floor(hours / 24)]);
	},

	// "a few seconds", "40 s", "3 min", "2 h": as exactly as anybody knows what is to come
	roughly(seconds) {
		if (seconds < 10) return __("a few seconds");
		if (seconds < 55) return __("{0} s", [Math.round(seconds / 5) * 5]);
		if (seconds < 90 * 60) return __("{0} min", [Math.max(1, Math.round(seconds / 60))]);
		return __("{0} h", [Math.round(seconds / 3600)]);
	},

	// JSON in lines; its texts and numbers stay as they are written, which JSON.parse would not leave them
	json_block(text) {
		return `<pre class="dartwing-json">${frappe.utils.escape_html(this.json_in_lines(text))}</pre>`;
	},

	json_in_lines(text) {
		let depth = 0;
		const line = () => `\n${"  ".repeat(depth)}`;
		const write = (token) => {
			if (/^[{[]\s*[}\]]$/.test(token)) return token[0] + token.at(-1);
			if (token === "{" || token === "[") return token + (depth++, line());
			if (token === "}" || token === "]") return (depth--, line()) + token;
			if (token === ",") return token + line();
			return token === ":" ? ": " : token;
		};
		const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g) || [];
		return tokens.map(write).join("");
	},

	style() {
		frappe.dom.set_style(STYLE, "dartwing-jobs");
	},
});

var STYLE = `
.dartwing-json { background: var(--control-bg); border-radius: var(--border-radius); padding: 10px 12px;
	margin: 0; max-height: 420px; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
	color: var(--text-color); font-size: var(--text-sm); }
.dartwing-bar { height: 8px; border-radius: 4px; background: var(--gray-200); overflow: hidden; }
[data-theme="dark"] .dartwing-bar { background: var(--gray-700); }
.dartwing-bar > div { height: 100%; border-radius: 4px; background: var(--purple-500, #8642c2);
	transition: width 0.4s ease; }
.dartwing-bar.is-done > div { background: var(--green-500, #28a745); }
.dartwing-bar.is-stopped > div { background: var(--gray-500); }
.dartwing-bar.is-failed > div { background: var(--orange-500, #e86c13); }
.dartwing-bar.is-dead > div { background: var(--red-500, #e03636); }
.dartwing-head { display: flex; align-items: center; gap: 10px; margin-bottom: 8px; flex-wrap: wrap; }
.dartwing-head .message { flex: 1; min-width: 0; overflow-wrap: anywhere; color: var(--text-color); }
.dartwing-head .percent { font-variant-numeric: tabular-nums; font-weight: 600; }
.dartwing-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr));
	gap: 12px 20px; margin-top: 16px; }
.dartwing-facts .label { color: var(--text-muted); font-size: var(--text-sm); }
.dartwing-facts > div:has(.value a) { grid-column: span 2; }
.frappe-control:has(> .dartwing-facts), .frappe-control:has(> .dartwing-steps),
.frappe-control:has(> .dartwing-json) { padding-bottom: 12px; }
.dartwing-facts .value { color: var(--text-color); font-variant-numeric: tabular-nums;
	overflow-wrap: anywhere; }
.dartwing-steps { list-style: none; margin: 0 0 4px 5px; padding: 0; border-left: 2px solid var(--border-color); }
.dartwing-steps li { position: relative; padding: 0 0 14px 18px; display: grid;
	grid-template-columns: 170px 1fr 110px; gap: 2px 14px; align-items: baseline; }
.dartwing-steps li:last-child { padding-bottom: 0; }
.dartwing-steps li::before { content: ""; position: absolute; left: -6px; top: 6px; width: 10px; height: 10px;
	border-radius: 50%; background: var(--dot, var(--gray-500)); border: 2px solid var(--card-bg, #fff); }
.dartwing-steps .when, .dartwing-steps .lasted { color: var(--text-muted); font-size: var(--text-sm);
	font-variant-numeric: tabular-nums; }
.dartwing-steps .lasted { text-align: right; }
.dartwing-steps .what { min-width: 0; overflow-wrap: anywhere; }
.dartwing-steps .what .by { color: var(--text-muted); font-size: var(--text-sm); }
.dartwing-attempts { margin: 18px 0 0; width: 100%; font-size: var(--text-md); }
.dartwing-attempts th { font-weight: 500; color: var(--text-muted); font-size: var(--text-sm); }
.dartwing-attempts th, .dartwing-attempts td { padding: 6px 12px 6px 0; vertical-align: top;
	border-top: 1px solid var(--border-color); white-space: nowrap; }
.dartwing-attempts td:is(.error, .step) { min-width: 160px; white-space: normal; overflow-wrap: anywhere; }
.dartwing-log .log { max-height: 360px; overflow: auto; padding: 8px 12px; margin-bottom: 12px;
	border-radius: var(--border-radius); background: var(--control-bg); color: var(--text-color);
	font-family: var(--font-stack-monospace, monospace); font-size: var(--text-sm); }
.dartwing-log .log-line { display: flex; gap: 10px; }
.dartwing-log time, .dartwing-log .log-note { flex: none; color: var(--text-muted); }
.dartwing-log .log-text { min-width: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.dartwing-log [data-level="WARNING"] .level { color: var(--orange-600, #bd3e0c); }
.dartwing-log :is([data-level="ERROR"], [data-level="CRITICAL"]) .level { color: var(--red-600, #c00); }
.dartwing-quick { display: flex; gap: 6px; flex-wrap: wrap; padding: 10px 15px 0; }
.dartwing-quick .btn { border-radius: 999px; }
.dartwing-quick .btn .n { font-variant-numeric: tabular-nums; opacity: 0.7; margin-left: 4px; }
.dartwing-row { display: flex; align-items: center; gap: 8px; min-width: 0; }
.dartwing-row .dartwing-bar { flex: 1; min-width: 50px; max-width: 120px; }
.dartwing-row .text { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.dartwing-phone { display: none; }
.list-row-col:has(> .dartwing-row), .list-row-col:has(> [data-sort-by="progress_message"]) { flex: 2; }
.list-row-col:has(> .dartwing-id),
.list-row-head:has([data-sort-by="progress_message"]) .list-row-col:has(> [data-sort-by="name"]) { flex: 0 0 130px; }
.list-row-container:has(.dartwing-row) .comment-count, .list-row-container:has(.dartwing-row) .list-row-like,
.list-row-container:has(.dartwing-row) .mx-2 { display: none !important; }
.dartwing-dialog .help-box { overflow-wrap: anywhere; }
.dartwing-fill-in { margin-bottom: 12px; }
.dartwing-dialog .parameter-form { border: 0; margin: 0 0 12px; padding: 0; }
.dartwing-dialog .parameter-form > legend { margin: 0 0 2px; font-size: var(--text-md); font-weight: 600; }
.parameter-form label { margin: 0; color: var(--text-color); }
.parameter-form label > span:first-child { display: block; margin-bottom: 4px; font-size: var(--text-sm);
	color: var(--text-muted); }
.parameter-form label.check { display: flex; align-items: center; gap: 8px; }
.parameter-form label.check > span { margin: 0; }
.parameter-form input, .parameter-form select, .parameter-form textarea { width: 100%; min-height: 34px;
	padding: 5px 10px; border: 1px solid var(--border-color); border-radius: var(--border-radius);
	background: var(--control-bg); color: var(--text-color); font: inherit; }
.parameter-form input:is([type="checkbox"], [type="radio"]) { flex: none; width: 16px; min-height: 16px; }
.parameter-form button { min-height: 32px; padding: 4px 12px; border: 1px solid var(--border-color);
	border-radius: var(--border-radius); background: var(--control-bg); color: var(--text-color); }
.parameter-form button:disabled { opacity: 0.5; }
.parameter-form :focus-visible { outline: 2px solid var(--primary); outline-offset: 1px; }
.parameter-form [aria-invalid="true"] { border-color: var(--red-600, #c00); }
.parameter-form .error { display: block; margin-top: 4px; color: var(--red-600, #c00); overflow-wrap: anywhere; }
.parameter-form .error:empty { display: none; }
.parameter-form .code { font-family: var(--font-stack-monospace, monospace); }
.parameter-form .visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
	clip-path: inset(50%); white-space: nowrap; }
.dartwing-refused { max-height: 260px; overflow: auto; margin-top: 12px; }
.dartwing-problem { color: var(--red-600, #c00); margin-bottom: 10px; overflow-wrap: anywhere; }
@media (max-width: 575px) {
	.dartwing-dialog .form-section .form-column { padding-left: 0; padding-right: 0; }
}
@media (max-width: 767px) {
	.dartwing-phone { display: block; position: relative; padding: 0 15px 8px 45px; margin-top: -6px; color: var(--text-muted);
		font-size: var(--text-sm); }
	.dartwing-phone:not(:has(.text:not(:empty))) { display: none; }
	.list-row:has(+ .dartwing-phone) .mobile-layout { display: none !important; }
	.list-row-container:has(.mobile-layout) { border-bottom: 1px solid var(--border-color); border-radius: 0; }
	.list-row-container:has(.mobile-layout) .list-row { border-bottom: 0; }
	.list-row-container:has(.mobile-layout) .dartwing-phone { padding-left: 34px; }
	.list-row:has(+ .dartwing-phone) .level-left { flex: 1; min-width: 0; }
	.list-row:has(+ .dartwing-phone) .level-right { flex: none; margin-left: auto; }
	.dartwing-steps li { grid-template-columns: 1fr auto; }
	.dartwing-steps .what { grid-column: 1 / -1; grid-row: 1; }
}
@media (max-width: 1199px) {
	.dartwing-attempts thead { display: none; }
	.dartwing-attempts tr { display: block; border-top: 1px solid var(--border-color); padding: 6px 0; }
	.dartwing-attempts td { display: inline-block; border: 0; padding: 2px 10px 2px 0; }
	.dartwing-attempts td.error { display: block; }
}
`;

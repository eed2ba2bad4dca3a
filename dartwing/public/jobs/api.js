// The REST API, for the user whose session the page was opened with.

import { boot } from "./boot.js";
import { parse } from "./exact_json.js";
import { __ } from "./texts.js";

const ROOT = "/api/method/dartwing.dartwing_core.api";
const TOO_MANY = 429;
const NOT_ALLOWED = [401, 403];

// A refusal, in one sentence for the user.
export class ApiError extends Error {
	constructor(message, status, { retry_after = null, body = {} } = {}) {
		super(message);
		this.status = status;
		this.retry_after = retry_after;
		this.body = body;
	}
}

// The session is over, or is somebody else's now: nothing on this page can work any more.
export class SessionEnded extends Error {}

let when_session_ends = () => {};
export function on_session_end(callback) {
	when_session_ends = callback;
}

const page = (name) => `${ROOT}.members_page.${name}`;
const jobs = (name) => `${ROOT}.jobs.${name}`;
const schedules = (name) => `${ROOT}.schedules.${name}`;

export const list_rows = (filters) => get(page("list_rows"), filters);
export const list_lone_rows = (filters) => get(page("list_lone_rows"), filters);
export const list_member_rows = (filters) => get(page("list_member_rows"), filters);
export const list_groups = (filters) => get(page("list_groups"), filters);
export const get_groups = (group_ids) => get(page("get_groups"), { group_ids: JSON.stringify(group_ids) });
export const get_rows = (job_ids) => get(page("get_rows"), { job_ids: JSON.stringify(job_ids) });
export const get_details = (job_id) => get(page("get_details"), { job_id });
export const get_job_log = (job_id, after) => get(jobs("get_job_log"), { job_id, after, limit: 500 });
export const submit = (values) => post(page("submit"), values);
export const get_retry_form = (job_id) => get(`${ROOT}.parameter_forms.get_retry_form`, { job_id });
export const search_links = (values) => get(`${ROOT}.parameter_forms.search_links`, values);
export const cancel_job = (job_id) => post(jobs("cancel_job"), { job_id });
export const retry_with_parameters = (job_id, parameters) => post(jobs("retry_job"), { job_id, parameters });
export const retry_job = (job_id, begin_anew) => post(jobs("retry_job"), { job_id, begin_anew });
export const run_for_real = (job_id) => post(jobs("run_for_real"), { job_id });

export const cancel_group = (group_id) => post(jobs("cancel_group"), { group_id });
export const retry_group = (group_id, begin_anew) => post(jobs("retry_group"), { group_id, begin_anew });
export const discard_group = (group_id, reason) => post(jobs("discard_group"), { group_id, reason });

export const list_schedules = (filters) => get(page("list_schedules"), filters);
export const get_schedule = (schedule_id) => get(page("get_schedule"), { schedule_id });
export const preview_schedule = (timing) => get(schedules("preview_schedule"), timing);
export const create_schedule = (values) => post(schedules("create_schedule"), values);
export const update_schedule = (values) => post(schedules("update_schedule"), values);
export const pause_schedule = (schedule_id) => post(schedules("pause_schedule"), { schedule_id });
export const resume_schedule = (schedule_id) => post(schedules("resume_schedule"), { schedule_id });
export const delete_schedule = (schedule_id) => post(schedules("delete_schedule"), { schedule_id });

export async function discard_job(job_id, reason) {
	const answer = await post(jobs("discard_jobs"), { reason, job_ids: [job_id] });
	if (answer.refused[job_id]) throw new ApiError(answer.refused[job_id], 409);
	return answer;
}

export const logout = () => post("/api/method/logout", {});

function get(url, values) {
	const given = Object.entries(values).filter(([, value]) => value != null && value !== "");
	return request(`${url}?${new URLSearchParams(given)}`, { method: "GET" });
}

function post(url, values) {
	return request(url, {
		method: "POST",
		headers: { "Content-Type": "application/json", "X-Frappe-CSRF-Token": boot.csrf_token },
		body: JSON.stringify(values),
	});
}

async function request(url, { headers = {}, ...options }) {
	if (is_somebody_else()) await check_session();
	const response = await fetch(url, {
		...options,
		headers: { Accept: "application/json", ...headers },
		credentials: "same-origin",
		cache: "no-store",
	}).catch(() => {
		throw new ApiError(__("The server cannot be reached."), 0);
	});
	const body = await body_of(response);
	if (response.ok) return body.message;
	if (response.status < 500 && response.status !== TOO_MANY) await check_session();
	if (body.exc_type === "CSRFTokenError") end_session(boot.user);
	const retry_after = Number(response.headers.get("Retry-After")) || null;
	throw new ApiError(sentence(response, body), response.status, { retry_after, body });
}

async function body_of(response) {
	try {
		return parse(await response.text());
	} catch {
		return {};
	}
}

function sentence(response, body) {
	if (body.error) return body.error;
	if (response.status === TOO_MANY) return __("Too many requests; wait a little.");
	return __("The server failed to answer ({0}).", [response.status]);
}

// In another tab, somebody may have logged in meanwhile; Frappe tells in a cookie who.
function is_somebody_else() {
	const user = document.cookie.match(/(?:^|; )user_id=([^;]+)/)?.[1];
	return Boolean(user) && decodeURIComponent(user).replaceAll('"', "") !== boot.user;
}

// A refusal may be about what was asked, or about who asked.
async function check_session() {
	const response = await fetch("/api/method/frappe.auth.get_logged_user", {
		headers: { Accept: "application/json" },
		cache: "no-store",
	}).catch(() => null);
	// a server that cannot answer says nothing about the session
	if (!response || (!response.ok && !NOT_ALLOWED.includes(response.status))) return;
	const user = response.ok ? (await response.json().catch(() => ({}))).message : null;
	if (user !== boot.user) end_session(user);
}

// `user` is who is logged in now: the same one when in a session that came later than this page.
function end_session(user) {
	when_session_ends(user);
	throw new SessionEnded(__("Your session has ended."));
}

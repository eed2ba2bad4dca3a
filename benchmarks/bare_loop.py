"""The least that an engine does for a job, again and again in one warm process: a floor, not an engine.

For each job a Frappe context of its own: init, connect, claim with SKIP LOCKED, Running with its log row,
commit, the function as the job's owner, Completed with its log row, commit, two events, destroy. No order,
window, check, wake-up, supervision, heartbeat or timeout.

Run by `throughput` in the sites folder: `python bare_loop.py <site> <organization> <function>`.
"""

import contextvars
import sys
from collections.abc import Callable

import frappe
from frappe.realtime import emit_via_redis
from frappe.utils import now_datetime

from dartwing import warm_start
from dartwing.dartwing_core.doctype.job_execution_log.job_execution_log import new_names

CLAIM = """select name, organization, owner_user, job_type, priority from `tabBackground Job`
	where status = 'Queued' and organization = %s limit 1 for update skip locked"""
START = """update `tabBackground Job` set status = 'Running', started_at = %(now)s, modified = %(now)s,
	attempt_id = %(attempt)s, ready_at = null where name = %(name)s"""
COMPLETE = """update `tabBackground Job` set status = 'Completed', completed_at = %(now)s, modified = %(now)s,
	progress = 100 where name = %(name)s and attempt_id = %(attempt)s and status = 'Running'"""
LOG = """insert into `tabJob Execution Log` (name, owner, creation, modified, modified_by, background_job,
	organization, from_status, to_status, timestamp, actor, job_type, priority)
	values (%(log)s, 'Administrator', %(now)s, %(now)s, 'Administrator', %(name)s, %(organization)s,
	%(before)s, %(after)s, %(now)s, 'bare loop', %(job_type)s, %(priority)s)"""


def main(site: str, organization: str, path: str) -> None:
	warm_start.load()
	while contextvars.Context().run(run_one, site, organization, path):
		pass


def run_one(site: str, organization: str, path: str) -> bool:
	"""False when no job is left."""
	frappe.init(site=site)
	frappe.connect()
	try:
		found = frappe.db.sql(CLAIM, (organization,), as_dict=True)
		if found:
			run(found[0], frappe.get_attr(path))
		return bool(found)
	finally:
		frappe.destroy()


def run(job: frappe._dict, function: Callable[[], None]) -> None:
	job.attempt = frappe.generate_hash(length=32)
	move(job, START, "Queued", "Running")
	frappe.set_user(job.owner_user)
	function()
	frappe.set_user("Administrator")
	move(job, COMPLETE, "Running", "Completed")


def move(job: frappe._dict, statement: str, before: str | None, after: str) -> None:
	job.now = now_datetime()
	frappe.db.sql(statement, job)
	frappe.db.sql(LOG, {**job, "log": new_names(job.now, 1)[0], "before": before, "after": after})
	frappe.db.commit()
	event = {"job_id": job.name, "from_status": before, "to_status": after}
	emit_via_redis("job_status_changed", event, f"org:{job.organization}")


if __name__ == "__main__":
	main(*sys.argv[1:])

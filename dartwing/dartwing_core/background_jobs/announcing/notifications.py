"""Notification Logs: how they are written, and those to the owners of jobs that ended."""

from collections.abc import Mapping, Sequence
from functools import partial

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored


def wishes_of(jobs: Sequence[Document]) -> dict[str, str]:
	"""What their Job Types ask for: Never, On Failure or Always."""
	return {
		job_type: frappe.get_cached_value("Job Type", job_type, "notify_owner")
		for job_type in {job.job_type for job in jobs}
	}


def notify_owners(jobs: Sequence[Document], wishes: Mapping[str, str]) -> None:
	"""Tell the owners how their jobs ended, as wished for, once this transaction is committed.

	It is not done in this transaction: an error of a notification must not undo the end of a job. If the
	process dies after the commit, the notification is not sent.
	"""
	for job in jobs:
		asked_for = None if job.get("is_dry_run") else wishes.get(job.job_type)
		if asked_for == "Always" or (asked_for == "On Failure" and job.status == "Dead Letter"):
			do_after_commit(partial(_notify_owner, job.name, job.status))


def _notify_owner(job_id: str, status: str) -> None:
	job = frappe.db.get_value(
		"Background Job", job_id, ["job_type", "owner_user", "status", "error_message"], as_dict=True
	)
	# the transition may have been undone to a savepoint
	if job and job.status == status:
		subject = _("{0} {1} is {2}").format(job.job_type, job_id, _(status))
		notify(job.owner_user, subject, job.error_message, job_id)


def notify(user: str, subject: str, content: str | None = None, job_id: str | None = None) -> None:
	"""Write a Notification Log. Subject and content are texts; Frappe shows both as HTML.

	The log is an Alert: Frappe shows it in Desk, and sends no e-mail about it.
	"""
	if not frappe.db.exists("User", user):
		return
	log = frappe.get_doc(
		{
			"doctype": "Notification Log",
			"type": "Alert",
			"for_user": user,
			"from_user": frappe.session.user,
			"subject": texts.inert(subject),
			"email_content": frappe.utils.escape_html(content) if content else None,
			"document_type": "Background Job" if job_id else None,
			"document_name": job_id,
		}
	)
	# everybody who may read any Notification Log can listen to what Frappe would say to the DocType's room
	log.notify_update = lambda: None
	# with it Frappe marks the user's notifications as unseen, in a row that others change too
	with snapshot_ignored():
		log.insert(ignore_permissions=True)

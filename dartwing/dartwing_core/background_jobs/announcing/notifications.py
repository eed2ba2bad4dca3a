"""Notification Logs, and mails: how they are written, and those to the owners of jobs that ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import frappe
from frappe import _
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database.after_commit import do_after_commit
from dartwing.dartwing_core.background_jobs.database.connections import short_lock_waits
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored

# jobs of one owner, one type and one end; of more that end together, one notification tells
MOST_TOLD_ONE_BY_ONE = 10
# how a Job Type has its owners told: one of these, or Both
BELL, E_MAIL = "Bell", "E-Mail"


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
	ended: dict[tuple[str, str, str], list[str]] = defaultdict(list)
	for job in jobs:
		asked_for = None if job.get("is_dry_run") else wishes.get(job.job_type)
		if asked_for == "Always" or (asked_for == "On Failure" and job.status == "Dead Letter"):
			ended[job.owner_user, job.job_type, job.status].append(job.name)
	for (owner, job_type, status), job_ids in ended.items():
		if len(job_ids) > MOST_TOLD_ONE_BY_ONE:
			do_after_commit(partial(_notify_of_many, owner, job_type, status, job_ids))
			continue
		for job_id in job_ids:
			do_after_commit(partial(_notify_owner, job_id, status))


def _notify_of_many(owner: str, job_type: str, status: str, job_ids: Sequence[str]) -> None:
	count = frappe.db.count("Background Job", {"name": ("in", job_ids), "status": status})
	if count:
		subject = _("{0} jobs of {1} are {2}").format(count, job_type, _(status))
		_tell(owner, job_type, subject, _("from {0} to {1}").format(job_ids[0], job_ids[-1]))


def _notify_owner(job_id: str, status: str) -> None:
	job = frappe.db.get_value(
		"Background Job", job_id, ["job_type", "owner_user", "status", "error_message"], as_dict=True
	)
	# the transition may have been undone to a savepoint
	if not job or job.status != status:
		return
	subject = _("{0} {1} is {2}").format(job.job_type, job_id, _(status))
	_tell(job.owner_user, job.job_type, subject, job.error_message, job_id)


def _tell(owner: str, job_type: str, subject: str, content: str | None, job_id: str | None = None) -> None:
	how = frappe.get_cached_value("Job Type", job_type, "notify_owner_by") or BELL
	if how != E_MAIL:
		notify(owner, subject, content, job_id)
	if how != BELL:
		# in a transaction of its own: a site without an account for outgoing mail raises
		do_after_commit(partial(mail, owner, subject, content))


def mail(user: str, subject: str, content: str | None = None) -> None:
	"""Put a mail into Frappe's queue, if the user may log in. Subject and content are texts."""
	address = frappe.db.get_value("User", {"name": user, "enabled": 1}, "email")
	if not address:
		return
	where = _("Your jobs: {0}").format(frappe.utils.get_url("/jobs"))
	paragraphs = [frappe.utils.escape_html(text) for text in (subject, content, where) if text]
	frappe.sendmail(
		recipients=[address],
		subject=texts.inert(subject),
		message="".join(f"<p>{paragraph}</p>" for paragraph in paragraphs),
		add_unsubscribe_link=0,
	)


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
	# with it Frappe marks the user's notifications as unseen, in a row that others change too: while somebody
	# holds that one, the notification is there without the mark
	with snapshot_ignored(), short_lock_waits(1), suppress(frappe.QueryTimeoutError):
		log.insert(ignore_permissions=True)

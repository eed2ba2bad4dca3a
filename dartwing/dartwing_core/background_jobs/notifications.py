"""Notification Logs: to the owner when a job ends, to System Managers when dead letters pile up."""

import frappe
from frappe import _
from frappe.model.document import Document


def notify_owner(job: Document) -> None:
	"""Tell the owner how the job ended, as its Job Type asks; in the transaction of its end."""
	wanted = frappe.get_cached_value("Job Type", job.job_type, "notify_owner")
	if wanted == "Always" or (wanted == "On Failure" and job.status == "Dead Letter"):
		subject = _("{0} {1} is {2}").format(job.job_type, job.name, _(job.status))
		notify(job.owner_user, subject, job.error_message, job.name)


def notify(user: str, subject: str, content: str | None = None, job_id: str | None = None) -> None:
	if not frappe.db.exists("User", user):
		return
	frappe.get_doc(
		{
			"doctype": "Notification Log",
			"type": "Alert",
			"for_user": user,
			"from_user": frappe.session.user,
			"subject": subject,
			"email_content": content,
			"document_type": "Background Job" if job_id else None,
			"document_name": job_id,
		}
	).insert(ignore_permissions=True)

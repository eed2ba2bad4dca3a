"""Failed, Timed Out → Queued when the retry is due."""

import frappe
from frappe import _
from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs import config, dispatcher
from dartwing.dartwing_core.background_jobs.errors import StaleJobError
from dartwing.dartwing_core.doctype.background_job.background_job import WAITING_FOR_RETRY


def process_retry_queue() -> int:
	"""Queue one batch of the retries that are due, longest due first; returns how many."""
	due = frappe.get_all(
		"Background Job",
		filters={"status": ("in", WAITING_FOR_RETRY), "next_retry_at": ("<=", now_datetime())},
		order_by="next_retry_at asc",
		limit_page_length=int(config.get("dispatch_batch_size")),
		pluck="name",
	)
	queued = 0
	for name in due:
		job = frappe.get_doc("Background Job", name)
		try:
			dispatcher.queue_job(
				job, message=_("retry is due"), retry_count=job.retry_count + 1, next_retry_at=None
			)
			queued += 1
		except StaleJobError:
			continue
	return queued

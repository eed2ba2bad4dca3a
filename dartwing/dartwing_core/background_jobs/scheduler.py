"""Cron entry points, nothing else. Each step commits for itself, so that one cannot undo another."""

import frappe

from dartwing.dartwing_core.background_jobs import dispatcher, retry_queue


def every_minute() -> None:
	"""Wake what waits: retries that are due, jobs whose time or parent has come."""
	for step in (retry_queue.process_retry_queue, dispatcher.dispatch_ready):
		step()
		# what one step moved must not be lost when the next one fails
		frappe.db.commit()

"""All realtime events of the engine; nothing else publishes any.

Events go to the room `org:{organization}` and to the Organization document's own room, which is
the one that clients of stock Frappe v15 can join (`doc_subscribe`, permission-checked).
"""

from collections.abc import Sequence
from datetime import datetime

import frappe
from frappe.model.document import Document
from frappe.realtime import get_doc_room

from dartwing.dartwing_core.background_jobs.database import queue_redis, times

SENT_TOGETHER = 1000
# organization, what it is told
Message = tuple[str, dict]


def room_of(organization: str) -> str:
	return f"org:{organization}"


def status_messages(jobs: Sequence[Document], from_status: str | None) -> list[Message]:
	"""What `job_status_changed` tells the organization of each job, which has become its `status`.

	`{job_id, job_type, from_status, to_status, output_reference?, error_message?, updated_at}`. The caller
	has just changed these rows, and they are of these organizations.
	"""
	return [(job.organization, _status_event(job, from_status)) for job in jobs]


def publish_job_progress(
	job_id: str, organization: str, status: str, progress: float, message: str | None, updated_at: datetime
) -> None:
	"""Tell the organization at once; the caller has just written this progress to this job's row.

	Sends `{job_id, status, progress, progress_message, updated_at}`.
	"""
	event = {
		"job_id": job_id,
		"status": status,
		"progress": progress,
		"progress_message": message,
		"updated_at": times.to_utc(updated_at),
	}
	frappe.publish_realtime("job_progress", event, room=room_of(organization))
	frappe.publish_realtime("job_progress", event, doctype="Organization", docname=organization)


def publish_job_log(job_id: str, organization: str, attempt: int, lines: list[dict]) -> None:
	"""Tell the organization at once of lines that are committed; the caller has bounded them.

	Sends `{job_id, attempt, lines: [{line, at, level, text}]}`.
	"""
	publish_all("job_log", [(organization, {"job_id": job_id, "attempt": attempt, "lines": lines})])


def _status_event(job: Document, from_status: str | None) -> dict:
	event = {
		"job_id": job.name,
		"job_type": job.job_type,
		"from_status": from_status,
		"to_status": job.status,
		"updated_at": times.to_utc(job.modified),
	}
	for field in ("output_reference", "error_message"):
		if job.get(field):
			event[field] = job.get(field)
	return event


def publish_all(event: str, messages: Sequence[Message]) -> bool:
	"""Tell each organization its message, at once; they go to Redis together, as Frappe would send each.

	Returns whether Redis answers. An event may be lost: whoever follows a job asks for its status as well.
	"""
	envelopes = [
		_envelope(event, message, room)
		for organization, message in messages
		for room in (room_of(organization), get_doc_room("Organization", organization))
	]
	together = range(0, len(envelopes), SENT_TOGETHER)
	return all(queue_redis.publish(envelopes[start : start + SENT_TOGETHER]) for start in together)


def _envelope(event: str, message: dict, room: str) -> str:
	envelope = {"event": event, "message": message, "room": room, "namespace": frappe.local.site}
	return frappe.as_json(envelope, indent=None)

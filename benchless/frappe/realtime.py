"""Events for the Socket.IO server, sent over Redis."""

from contextlib import suppress

import frappe
import redis


def publish_progress(percent, title=None, doctype=None, docname=None, description=None, task_id=None):
	"""Show a progress bar: on the document if one is given, else to the current user."""
	publish_realtime(
		"progress",
		{"percent": percent, "title": title, "description": description},
		user=None if doctype and docname else frappe.session.user,
		doctype=doctype,
		docname=docname,
		task_id=task_id,
	)


def publish_realtime(
	event: str | None = None,
	message: dict | None = None,
	room: str | None = None,
	user: str | None = None,
	doctype: str | None = None,
	docname: str | None = None,
	task_id: str | None = None,
	after_commit: bool = False,
):
	"""Send `event` to one room, at once or after the commit.

	The room is the one given, or the task's, the user's, the document's, else that of all Desk users.
	A task's events never wait for the commit. Nothing is raised when Redis cannot be reached.
	"""
	message = {} if message is None else message
	task_id = task_id or getattr(frappe.local, "task_id", None)

	if event is None:
		event = "task_progress" if task_id else "global"
	elif event == "msgprint":
		user = user or frappe.session.user
	elif event == "list_update":
		room = get_doctype_room(doctype or message.get("doctype"))
	elif event == "docinfo_update":
		room = get_doc_room(doctype, docname)

	if not room and task_id:
		after_commit = False
		message.setdefault("task_id", task_id)
		room = get_task_progress_room(task_id)
	room = room or _room_for(user, doctype, docname)

	if after_commit:
		_send_after_commit([event, message, room])
	else:
		emit_via_redis(event, message, room)


def _room_for(user: str | None, doctype: str | None, docname: str | None) -> str:
	if user:
		return get_user_room(user)
	if doctype and docname:
		return get_doc_room(doctype, docname)
	return get_site_room()


def _send_after_commit(call: list) -> None:
	"""Queue one event; an equal one that already waits is not sent twice."""
	if not hasattr(frappe.local, "_realtime_log"):
		frappe.local._realtime_log = []
		frappe.db.after_commit.add(flush_realtime_log)
		frappe.db.after_rollback.add(clear_realtime_log)
	if call not in frappe.local._realtime_log:
		frappe.local._realtime_log.append(call)


def flush_realtime_log():
	for call in frappe.local._realtime_log:
		emit_via_redis(*call)
	clear_realtime_log()


def clear_realtime_log():
	if hasattr(frappe.local, "_realtime_log"):
		del frappe.local._realtime_log


def emit_via_redis(event, message, room):
	"""Publish on the channel that the socket server listens to; the site is the Socket.IO namespace."""
	from frappe.utils.background_jobs import get_redis_connection_without_auth

	envelope = {"event": event, "message": message, "room": room, "namespace": frappe.local.site}
	with suppress(redis.exceptions.ConnectionError):
		get_redis_connection_without_auth().publish("events", frappe.as_json(envelope))


@frappe.whitelist(allow_guest=True)
def can_subscribe_doc(doctype: str, docname: str) -> bool:
	if not frappe.has_permission(doctype=doctype, doc=docname, ptype="read"):
		raise frappe.PermissionError
	return True


@frappe.whitelist(allow_guest=True)
def can_subscribe_doctype(doctype: str) -> bool:
	if not frappe.has_permission(doctype=doctype, ptype="read"):
		raise frappe.PermissionError
	return True


@frappe.whitelist(allow_guest=True)
def get_user_info():
	return {"user": frappe.session.user, "user_type": frappe.session.data.user_type}


def get_doctype_room(doctype):
	return f"doctype:{doctype}"


def get_doc_room(doctype, docname):
	return f"doc:{doctype}/{docname}"


def get_user_room(user):
	return f"user:{user}"


def get_site_room():
	return "all"


def get_task_progress_room(task_id):
	return f"task_progress:{task_id}"

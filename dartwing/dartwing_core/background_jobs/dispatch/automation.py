"""What an end sets off outside of the engine: Frappe's automation for the document, and the hooks of apps."""

from collections.abc import Callable, Sequence
from functools import partial

import frappe
from frappe.model.document import Document

from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.announcing.automation import HOOK, JOB, End, kinds_for


def tell(ends: Sequence[Sequence[str]]) -> None:
	"""Tell of the ends that still are as they were, one after the other; an RQ job, as Administrator.

	Each thing that is told has a transaction of its own: what one raises is logged, and keeps nothing from
	the others.
	"""
	frappe.set_user("Administrator")
	for end in ends:
		_tell_of(End(*end))


def _tell_of(end: End) -> None:
	if frappe.db.get_value(end.doctype, end.name, "status") != end.status:
		# undone to a savepoint, retried or deleted meanwhile
		return
	for kind in kinds_for(end.doctype):
		_attempt(f"{kind} about {end.name}", partial(FIRE[kind], _as_saved(end)))
	if end.doctype == JOB:
		for path in frappe.get_hooks(HOOK):
			_attempt(f"{path} about {end.name}", partial(_call, path, end))


def _call(path: str, end: End) -> None:
	frappe.get_attr(path)(frappe.get_doc(end.doctype, end.name))


def _as_saved(end: End) -> Document:
	"""The document as Frappe's automation finds one that was just saved; of a job, secrets are masked."""
	document, before = frappe.get_doc(end.doctype, end.name), frappe.get_doc(end.doctype, end.name)
	before.status = end.from_status
	if end.doctype == JOB:
		# Frappe reads a document once more before it sends a notification about it
		document.hide_secrets()
		before.hide_secrets()
	document._doc_before_save = before
	return document


def _notify(document: Document) -> None:
	document.run_notifications("on_update")
	document.run_notifications("on_change")


def _run_webhooks(document: Document) -> None:
	run = frappe.get_attr("frappe.integrations.doctype.webhook.run_webhooks")
	run(document, "on_update")
	run(document, "on_change")


def _assign(document: Document) -> None:
	frappe.get_attr("frappe.automation.doctype.assignment_rule.assignment_rule.apply")(document, "on_update")


def _run_server_scripts(document: Document) -> None:
	if frappe.get_attr("frappe.utils.safe_exec.is_safe_exec_enabled")():
		scripts = "frappe.core.doctype.server_script.server_script_utils.run_server_script_for_doc_event"
		frappe.get_attr(scripts)(document, "on_update")


FIRE: dict[str, Callable[[Document], None]] = {
	"Notification": _notify,
	"Webhook": _run_webhooks,
	"Assignment Rule": _assign,
	"Server Script": _run_server_scripts,
}


def _attempt(what: str, call: Callable[[], None]) -> None:
	try:
		call()
		frappe.db.commit()
	except (Exception, SystemExit, KeyboardInterrupt):
		frappe.db.rollback()
		error_log.record(what)
		frappe.db.commit()
	frappe.set_user("Administrator")

"""Methods of Frappe that ask nobody whether the user may have the document that they are about: asked here.

Which ones they are differs from version to version. A document that the user may not have is answered as one
that does not exist.
"""

from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import references
from dartwing.dartwing_core.background_jobs.tenancy.references import is_about_documents

IMPORTS = "frappe.core.doctype.data_import.data_import."
DELETED = "frappe.core.doctype.deleted_document.deleted_document."
KANBAN = "frappe.desk.doctype.kanban_board.kanban_board."
# by method: the argument that names the document, or several; its DocType, or "doctype" for the argument that
# says which; the right that is asked for
ASKED = {
	f"{IMPORTS}form_start_import": ("data_import", "Data Import", "write"),
	f"{IMPORTS}stop_data_import": ("doc_name", "Data Import", "write"),
	**{
		f"{IMPORTS}{method}": ("data_import", "Data Import", "read")
		for method in ("get_import_logs", "get_preview_from_template")
	},
	**{
		f"{IMPORTS}{method}": ("data_import_name", "Data Import", "read")
		for method in ("download_errored_template", "download_import_log", "get_import_status")
	},
	f"{DELETED}restore": ("name", "Deleted Document", "read"),
	f"{DELETED}bulk_restore": ("docnames", "Deleted Document", "read"),
	**{
		f"{KANBAN}{method}": ("board_name", "Kanban Board", "read")
		for method in ("add_card", "update_order", "update_order_for_single_card")
	},
	"frappe.automation.doctype.reminder.reminder.create_new_reminder": (
		"reminder_docname",
		"reminder_doctype",
		"read",
	),
	"frappe.desk.like.toggle_like": ("name", "doctype", "read"),
	"frappe.desk.search.get_link_title": ("docname", "doctype", "read"),
	"frappe.core.doctype.rq_job.rq_job.stop_job": ("job_id", "RQ Job", "write"),
	"frappe.core.doctype.sms_settings.sms_settings.get_contact_number": ("contact_name", "Contact", "read"),
	"frappe.core.doctype.submission_queue.submission_queue.get_latest_submissions": (
		"docname",
		"doctype",
		"read",
	),
	"frappe.core.doctype.user.user.get_email_awaiting": ("user", "User", "write"),
	"frappe.core.doctype.user.user.get_module_profile": ("module_profile", "Module Profile", "read"),
	"frappe.core.doctype.user.user.get_role_profile": ("role_profile", "Role Profile", "read"),
	"frappe.desk.doctype.event.event.get_events": ("user", "User", "write"),
	"frappe.desk.doctype.form_tour.form_tour.reset_tour": ("tour_name", "Form Tour", "write"),
	"frappe.desk.doctype.note.note.mark_as_seen": ("note", "Note", "read"),
	"frappe.desk.doctype.notification_log.notification_log.mark_as_read": (
		"docname",
		"Notification Log",
		"read",
	),
	"frappe.desk.doctype.notification_settings.notification_settings.set_seen_value": (
		"user",
		"User",
		"write",
	),
	"frappe.desk.form.document_follow.follow_document": ("doc_name", "doctype", "read"),
	"frappe.desk.form.document_follow.get_follow_users": ("doc_name", "doctype", "read"),
	"frappe.desk.form.utils.get_next": ("value", "doctype", "read"),
	"frappe.email.doctype.email_account.email_account.set_email_password": (
		"email_account",
		"Email Account",
		"read",
	),
	"frappe.email.doctype.email_template.email_template.get_email_template": (
		"template_name",
		"Email Template",
		"read",
	),
	"frappe.email.inbox.create_email_flag_queue": ("names", "Communication", "read"),
	"frappe.model.document.unlock_document": ("name", "doctype", "write"),
	"frappe.social.doctype.energy_point_log.energy_point_log.get_reviews": ("docname", "doctype", "read"),
	"frappe.utils.print_format.print_by_server": ("name", "doctype", "print"),
	"frappe.website.doctype.discussion_topic.discussion_topic.submit_discussion": (
		"reply_name",
		"Discussion Reply",
		"write",
	),
}


# arguments that name a DocType
NAMING = ("doctype", "reminder_doctype")
# methods that tell of a document whatever the user may do with it, as Desk shows it of a link: only rows
# about a document that the user may not see are hidden from them
TELLING = {"frappe.desk.search.get_link_title": ("docname", "doctype")}


def check(method: str, form: dict) -> None:
	"""Raise DoesNotExistError, which names the argument, for a document that the user may not have."""
	if "System Manager" in frappe.get_roles():
		return
	if method in TELLING:
		argument, of = TELLING[method]
		if is_hidden(form.get(of), form.get(argument)):
			refuse_argument(
				argument, _("no {0} {1}").format(form[of], repr(form[argument])), frappe.DoesNotExistError
			)
	if method not in ASKED:
		return
	argument, doctype, right = ASKED[method]
	doctype = form.get(doctype) if doctype in NAMING else doctype
	for name in names_in(form.get(argument)):
		if not may(doctype, name, right):
			refuse_argument(argument, _("no {0} {1}").format(doctype, repr(name)), frappe.DoesNotExistError)


def names_in(value: Any) -> Iterator[Any]:
	"""The names that an argument holds; one that is left out is the method's own concern."""
	value = parsed(value)
	for name in value if isinstance(value, list) else [value]:
		if name not in (None, ""):
			yield name


def is_hidden(doctype: Any, name: Any) -> bool:
	"""Whether it is a row about a document that the user may not see."""
	if not isinstance(name, str) or not is_doctype(doctype) or not is_about_documents(doctype):
		return False
	if not frappe.db.exists(doctype, name):
		return False
	return references.has_permission(frappe.get_doc(doctype, name)) is False


def may(doctype: Any, name: Any, right: str) -> bool:
	"""Whether the user has the right on the document, and finds it in a list."""
	if not is_doctype(doctype):
		return False
	if doctype == "User" and name == frappe.session.user:
		return True
	if doctype == "Email Account" and is_own_account(name):
		return True
	if not isinstance(name, str | int) or not frappe.has_permission(doctype, right):
		return False
	meta = frappe.get_meta(doctype)
	if meta.get("is_virtual") or meta.issingle:
		return True
	is_found = bool(frappe.get_list(doctype, filters={"name": str(name)}, limit=1))
	return is_found and bool(frappe.has_permission(doctype, right, doc=str(name)))


def is_own_account(name: Any) -> bool:
	own = {"parent": frappe.session.user, "email_account": name}
	return isinstance(name, str) and bool(frappe.db.exists("User Email", own))

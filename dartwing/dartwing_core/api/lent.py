"""Documents that run with the rights of whoever uses them: only System Managers make and change these.

A template that Frappe renders reads any row of the site, a script runs in the session of whoever opens it, a
form on the website stores without permissions, a report that is mailed runs as the user whom it names. Frappe
lets Website Managers, Report Managers, Newsletter Managers and others make them, and who makes one has the
rights of all whom it runs for: these lend their rights to its maker. Those roles go on doing what needs no
lent rights.

What is a script or markup of the website itself is left to Website Managers: they write its pages.
"""

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.allowed import canonical
from dartwing.dartwing_core.api.hidden_templates import has_template
from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import guarded_doctype, is_doctype
from dartwing.dartwing_core.api.routes import route_of
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import refusing
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member
from dartwing.dartwing_core.background_jobs.tenancy.references import is_about_documents

NOTHING = ("", "[]", "{}", "null", "0")
# runs a method of a document that it is sent
OF_DOCUMENTS = "frappe.handler.run_doc_method"
# a method that renders what it is sent, and the arguments that it renders
RENDERING = {
	"frappe.automation.doctype.auto_repeat.auto_repeat.generate_message_preview": ("message", "subject"),
	"frappe.core.doctype.communication.email.make": ("content",),
}
# where it renders them only if it is told to: the argument that tells it
TOLD_TO_RENDER = {"frappe.core.doctype.communication.email.make": "raw_html"}
MANAGERS = {"System Manager", "Administrator"}

# the field by which a document lends rights, or None
Rule = Callable[[Any], str | None]


def refuse_lent(doc: Any, method: str | None = None) -> None:
	"""Before a document is saved: raise PermissionError, which names the field, for one that lends rights.

	Also where it lent them before: what a System Manager wrote is not changed by others. And once more when
	it was saved: on the way, Frappe makes another text of markup.
	"""
	rule = RULES.get(doc.doctype)
	if not rule or not is_asked_by_a_member():
		return
	stored = doc.get_doc_before_save()
	field = rule(doc) or (rule(stored) if stored else None)
	if field:
		refuse_argument(field, _("may be written by System Managers only"), frappe.PermissionError)


def refuse_asked() -> None:
	"""Before a request, once its user is known (`auth_hooks`): the same for documents that are only sent.

	Frappe runs the methods of a document as it is sent, whatever is stored under its name.
	"""
	form = frappe.local.form_dict or {}
	sent = route_of(frappe.local.request).called
	method = canonical(sent) if sent else ""
	if method == OF_DOCUMENTS:
		lent = next(filter(None, map(lent_by, form.values())), None)
	else:
		is_told = method not in TOLD_TO_RENDER or form.get(TOLD_TO_RENDER[method])
		lent = templates(*RENDERING.get(method, ()))(form) if is_told else None
	if lent and is_asked_by_a_member():
		refuse_argument(lent, _("may be written by System Managers only"), frappe.PermissionError)


def lent_by(value: Any) -> str | None:
	"""The field by which a document within an argument lends rights."""
	if isinstance(value, str):
		value = parsed(value) if "doctype" in value else None
	if isinstance(value, dict):
		doctype = value.get("doctype")
		rule = RULES.get(doctype) if isinstance(doctype, str) else None
		return (rule(value) if rule else None) or next(filter(None, map(lent_by, value.values())), None)
	return next(filter(None, map(lent_by, value)), None) if isinstance(value, list) else None


@refusing
def has_mailed_report_permission(doc: Any, ptype: str = "read", user: str | None = None) -> bool:
	"""A reader of a mailed report may have it made and sent to themselves, as the user that it names."""
	user = user or frappe.session.user
	return bool(doc.get("__islocal")) or doc.user == user or access.is_system_manager(user)


def always(field: str) -> Rule:
	return lambda doc: field


def templates(*fields: str) -> Rule:
	"""Texts that Frappe renders; it evaluates those that have something to evaluate."""

	def rule(doc: Any) -> str | None:
		return next((one for one in fields if has_template(str(doc.get(one) or ""))), None)

	return rule


def filled(*fields: str) -> Rule:
	"""Fields whose content is run, or what a document is as soon as it is set."""

	def rule(doc: Any) -> str | None:
		return next((one for one in fields if "".join(str(doc.get(one) or "").split()) not in NOTHING), None)

	return rule


def either(*rules: Rule) -> Rule:
	return lambda doc: next(filter(None, (rule(doc) for rule in rules)), None)


def is_kind(field: str, *kinds: str) -> Rule:
	return lambda doc: field if doc.get(field) in kinds else None


def form_of_what_its_maker_may_not_store(doc: Any) -> str | None:
	"""A form on the website stores, and shows, documents of its DocType without asking for permissions.

	So it does with the names of the documents from which one of its fields lets people choose.
	"""
	# Files are checked when their maker is asked for permission
	if doc.get("doc_type") == "File" or is_for_managers(doc.get("doc_type"), "create", "write"):
		return "doc_type"
	# the rows of a child table are those of their document
	rows = [
		row
		for row in as_rows(doc.get("web_form_fields"))
		if isinstance(row.get("options"), str) and row.get("fieldtype") != "Table"
	]
	is_lent = any(is_not_for_everybody(row.get("options").strip()) for row in rows)
	return "web_form_fields" if is_lent else None


def is_not_for_everybody(doctype: str) -> bool:
	"""Whether some see only part of its rows: their own, those about documents that they see, or none."""
	if not is_doctype(doctype):
		return False
	return is_for_managers(doctype, "read", "select") or is_about_documents(doctype)


def as_rows(value: Any) -> list[Any]:
	"""Those of a child table, of a document that is only sent too."""
	value = parsed(value)
	return [row for row in value if hasattr(row, "get")] if isinstance(value, list) else []


def is_for_managers(doctype: Any, *rights: str) -> bool:
	"""Whether it is a DocType of ours, or one on which only System Managers have one of the rights."""
	if not is_doctype(doctype):
		return False
	meta = frappe.get_meta(doctype)
	rows = [one for one in meta.permissions if one.permlevel == 0 and not ("read" in rights and one.if_owner)]
	allowed = {one.role for one in rows if any(map(one.get, rights))}
	is_ours = frappe.db.get_value("Module Def", meta.module, "app_name") == "dartwing"
	return is_ours or bool(guarded_doctype(doctype)) or not allowed - MANAGERS


def report_as_somebody_else(doc: Any) -> str | None:
	"""A report is mailed as its user sees it if it is a list; what else it may be asks for no user."""
	if doc.get("user") != frappe.session.user:
		return "user"
	kind = frappe.db.get_value("Report", doc.get("report"), "report_type") if doc.get("report") else None
	return "report" if kind and kind != "Report Builder" else None


RULES: dict[str, Rule] = {
	"Address Template": templates("template"),
	"Assignment Rule": always("assign_condition"),
	"Auto Email Report": report_as_somebody_else,
	"Auto Repeat": templates("subject", "message"),
	"Client Script": always("script"),
	"Custom HTML Block": always("script"),
	"Dashboard Chart": either(is_kind("chart_type", "Custom"), filled("dynamic_filters_json")),
	"Email Account": templates("auto_reply_message"),
	"Email Template": templates("subject", "response", "response_html"),
	"Energy Point Rule": always("condition"),
	"Letter Head": always("content"),
	"Newsletter": templates("subject", "message", "message_md", "message_html"),
	"Notification": always("message"),
	"Number Card": either(is_kind("type", "Custom"), filled("dynamic_filters_json", "filters_config")),
	"Print Format": always("html"),
	"Report": either(is_kind("report_type", "Query Report", "Script Report"), filled("javascript")),
	"Server Script": always("script"),
	# Frappe evaluates breadcrumbs in each visit
	"Web Form": either(form_of_what_its_maker_may_not_store, filled("breadcrumbs")),
	"Web Page": either(
		filled("dynamic_template", "context_script", "breadcrumbs"),
		templates("main_section", "main_section_md", "main_section_html"),
	),
	"Web Template": always("template"),
	"Webhook": always("webhook_json"),
	"Workflow": always("transitions"),
}

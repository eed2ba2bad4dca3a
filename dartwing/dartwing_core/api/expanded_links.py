"""Linked documents that are to come with a document or a list: Frappe asks nobody who may read these.

It answers them whole, from 15.90 on: of a user also the API key, of a job also its parameters. So only System
Managers have links expanded, and they only where no link leads to a DocType of ours.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.routes import LIST, READ, Route
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN

ARGUMENTS = ("expand", "expand_links")
METHOD = "frappe.client.get_list"
OFF = ("", "0", "false", "False", 0, False, None)


def check(form: dict[str, Any], route: Route, method: str) -> None:
	"""Raise ValidationError for links that are to be expanded in a list or a document."""
	if route.kind not in (LIST, READ) and method != METHOD:
		return
	for argument in ARGUMENTS:
		if form.get(argument) in OFF:
			continue
		doctype = route.doctype or form.get("doctype")
		if "System Manager" not in frappe.get_roles() or leads_to_ours(doctype):
			refuse_argument(argument, _("linked documents are read one by one"))


def leads_to_ours(doctype: Any) -> bool:
	"""Whether the DocType is one of ours, or a link of it, or of its child rows, may lead to one."""
	if not isinstance(doctype, str) or doctype in OWN or not frappe.db.exists("DocType", doctype):
		return True
	meta = frappe.get_meta(doctype)
	tables = [frappe.get_meta(field.options) for field in meta.get_table_fields()]
	fields = [field for one in (meta, *tables) for field in one.fields]
	return any(field.fieldtype == "Dynamic Link" or field.options in OWN for field in fields)

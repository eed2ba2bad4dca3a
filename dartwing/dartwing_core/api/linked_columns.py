"""Columns of linked documents, `import_job.result`, in what is asked of any DocType.

Frappe joins the table of the DocType that the Link names, and asks nobody who may see which of its rows. So
such a column is refused where the Link is to a guarded DocType, whatever DocType has the Link.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.mentions import is_doctype
from dartwing.dartwing_core.api.routes import Route
from dartwing.dartwing_core.api.sql_in_arguments import (
	CONDITIONS,
	STRUCTURE,
	asked_in_documents,
	asked_of,
	named_doctypes,
)
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

ARGUMENTS = STRUCTURE | frozenset((*CONDITIONS, "custom_columns", "export_fields", "select_columns"))
# as Desk writes the table of the DocType that it asks
TABLE = re.compile(r"`tab[^`]*`\.")
# a name before a dot
BEFORE_A_DOT = re.compile(r"(?<!\w)(\w+)`?\s*\.")


def check(form: dict, route: Route) -> None:
	"""Raise ValidationError, which names the argument, for a column of a linked guarded document."""
	for argument, value in asked_within(form):
		names = set(names_before_dots(value)) if argument in ARGUMENTS else set()
		is_members = names and not access.is_system_manager()
		if is_members and any(is_link_to_guarded(name, form, route) for name in links_among(names)):
			refuse_argument(argument, _("asks for a field of a linked document"))


def asked_within(form: dict) -> Iterator[tuple[str, Any]]:
	"""The arguments, and what is asked within what they say, as in the chart that is to be drawn."""
	for argument, value, _is_of_document in asked_of(form):
		yield argument, value
		if argument not in ARGUMENTS:
			yield from asked_in_documents(value)


def is_link_to_guarded(name: str, form: dict, route: Route) -> bool:
	"""Whether it is one in a DocType that the request names; in none that it names, it may be.

	Who sees a guarded document sees what it is linked with: Desk lists members with the names of people.
	"""
	doctypes = [doctype for doctype in (*named_doctypes(form), *route.doctypes()) if is_doctype(doctype)]
	if doctypes and set(doctypes) <= set(GUARDED):
		return False
	fields = [frappe.get_meta(doctype).get_field(name) for doctype in doctypes]
	options = {field.options for field in fields if field and field.fieldtype == "Link"}
	return not options or bool(options & set(GUARDED))


def names_before_dots(value: Any) -> Iterator[str]:
	"""Frappe v16 takes the names of links as the keys of objects, too."""
	if isinstance(value, str):
		yield from BEFORE_A_DOT.findall(TABLE.sub("", value))
	elif isinstance(value, dict):
		for key, one in value.items():
			if isinstance(one, list):
				yield str(key)
			yield from (*names_before_dots(key), *names_before_dots(one))
	elif isinstance(value, list):
		for one in value:
			yield from names_before_dots(one)


def links_among(names: set[str]) -> set[str]:
	"""Those of the names that a Link to a guarded DocType has, in whichever DocType."""
	ours = {"fieldtype": "Link", "options": ("in", list(GUARDED)), "fieldname": ("in", list(names))}
	found = {*frappe.get_all("DocField", ours, pluck="fieldname")}
	if frappe.db.table_exists("Custom Field"):
		found |= {*frappe.get_all("Custom Field", ours, pluck="fieldname")}
	return found

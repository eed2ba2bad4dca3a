"""Arguments that are conditions by their names: of methods that take any argument, and of pages.

Frappe's lists of the website, as a method and as a page, ask for each argument that is called as a field of
the DocType is, whatever else arguments of this name are: prose, an object, several addresses.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.filter_lists import has_open_range, read
from dartwing.dartwing_core.api.mentions import ASKED, asked_in_address
from dartwing.dartwing_core.api.routes import Route
from dartwing.dartwing_core.api.signatures import taken_by
from dartwing.dartwing_core.api.sql_in_arguments import named_doctypes
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.conditions import readable_conditions

# Frappe's methods, and those of ours that override some
FRAPPES = ("frappe.", f"{__name__.rpartition('.')[0]}.frappe_methods.")


def check(method: str, form: dict, route: Route) -> None:
	"""Raise ValidationError, which names the argument, for an open range, or a field that nobody asks for.

	An argument of a page is one value. Where a page is told the name of a document, Frappe takes an
	object for a filter; a body of JSON may hold one.
	"""
	if not (route.is_page or takes_any(method)):
		return
	doctypes = named_doctypes(form)
	for argument, value in () if "System Manager" in frappe.get_roles() else form.items():
		if route.is_page and isinstance(value, dict | list):
			refuse_argument(argument, _("must be one value"))
		if has_open_range({argument: value}, doctypes):
			refuse_argument(argument, _("holds a query"))
	for doctype in {*doctypes, *asked_in_address(route)} & {*ASKED}:
		check_fields(doctype, form)


def check_fields(doctype: str, form: dict[str, Any]) -> None:
	meta = frappe.get_meta(doctype)
	for argument, value in form.items():
		if meta.get_field(argument):
			readable_conditions(doctype, {argument: read(value)}, argument)


def is_a_condition(method: str, argument: str) -> bool:
	"""Whether the method takes arguments of any name, of which this is one: it may take it for a field."""
	taken = taken_by(method)
	return taken is not None and taken.takes_any and argument not in (*taken.names, "cmd")


def takes_any(method: str) -> bool:
	taken = taken_by(method) if method.startswith(FRAPPES) else None
	return taken is not None and taken.takes_any

"""Fields that nobody is shown, whatever a site's configuration says.

What a job is told and what a step keeps may hold the values of masked parameters. Their permission level is
one that no role has; but who configures Desk can give it to a role, or the field another level. So such a
configuration is refused, and what there is of it has no effect: Frappe asks a DocType which of its fields may
be read, and these are never among them.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN

# by which another field than the app's own would be shown
PROPERTIES = ("fieldtype", "hidden", "mask", "options", "permlevel", "print_hide", "report_hide")


def readable_fields(
	of_frappe: Callable[..., list[str]], meta: Any, *arguments: Any, **named: Any
) -> list[str]:
	"""Those that the user may read: every list, report, export and link asks for no others."""
	hidden = shown_to_nobody(meta.name)
	return [name for name in of_frappe(meta, *arguments, **named) if name not in hidden]


def shown_to_nobody(doctype: str) -> tuple[str, ...]:
	return OWN[doctype].shown_to_nobody if doctype in OWN else ()


def change_meta(module: ModuleType) -> None:
	replace(module.Meta, "get_permitted_fieldnames", readable_fields)


CHANGES = {"frappe.model.meta": change_meta}


# --- before a configuration is saved, whoever saves it


def refuse_rows(doc: Any, method: str | None = None) -> None:
	"""Before rows of permissions are saved, by themselves or with their DocType."""
	rows = (
		[(doc.parent, doc)]
		if doc.doctype == "Custom DocPerm"
		else [(doc.name, row) for row in doc.permissions]
	)
	for doctype, row in rows:
		if frappe.utils.cint(row.get("permlevel")) in levels_of(doctype):
			reason = _("no role has level {0} of {1}: its fields are shown to nobody")
			refuse_argument("permlevel", reason.format(row.permlevel, _(doctype)))


def refuse_setter(doc: Any, method: str | None = None) -> None:
	"""Before a field of ours gets another property."""
	if doc.property in PROPERTIES and doc.field_name in shown_to_nobody(str(doc.doc_type)):
		reason = _("that of {0} is not changed: the field is shown to nobody")
		refuse_argument(doc.property, reason.format(doc.field_name))


def levels_of(doctype: Any) -> set[int]:
	"""Those of the fields that nobody is shown, as the app has them."""
	own = OWN.get(doctype)
	return {own.secret_level} if own and own.secret_level else set()

"""Fields that nobody is shown, whatever a site's configuration says.

What a job is told and what a step keeps may hold the values of masked parameters, and what is counted from
parameters gives a short one away to whoever tries them all. Their permission level is one that no role has;
but who configures Desk can give it to a role, or the field another level. So such a configuration is refused,
and what there is of it has no effect: Frappe asks a DocType which of its fields may be read, and these are
never among them.
"""

import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_in_a_request
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN, OwnDocType

# names all fields of a form, and shows none
ORDER = "field_order"
SECRETS = {field for own in OWN.values() for field in own.shown_to_nobody}
WORDS = re.compile(r"\w+")
# by names as the database compares them
BY_NAME = {name.casefold(): own for name, own in OWN.items()}


def readable_fields(
	of_frappe: Callable[..., list[str]], meta: Any, *arguments: Any, **named: Any
) -> list[str]:
	"""Those that the user may read: every list, report, export and link asks for no others."""
	own = own_of(meta.name)
	hidden = own.secrets if own else ()
	return [name for name in of_frappe(meta, *arguments, **named) if name not in hidden]


def shown_to_nobody(doctype: str) -> tuple[str, ...]:
	own = own_of(doctype)
	return own.shown_to_nobody if own else ()


def own_of(doctype: Any) -> OwnDocType | None:
	"""Of a DocType of ours, by a name that the database takes for its own."""
	return BY_NAME.get(str(doctype).strip().casefold())


def change_meta(module: ModuleType) -> None:
	replace(module.Meta, "get_permitted_fieldnames", readable_fields)


CHANGES = {"frappe.model.meta": change_meta}


# --- before a configuration is saved, whoever saves it


def refuse_rows(doc: Any, method: str | None = None) -> None:
	"""Before rows of permissions are saved, by themselves or with their DocType."""
	is_of_the_site = is_in_a_request() and not frappe.conf.developer_mode
	if doc.doctype == "DocType" and own_of(doc.name) and is_of_the_site:
		refuse_argument("name", _("{0} is changed by the app alone").format(_(doc.name)))
	rows = (
		[(doc.parent, doc)]
		if doc.doctype == "Custom DocPerm"
		else [(doc.name, row) for row in doc.permissions]
	)
	if doc.doctype == "DocType":
		fields = doc.get("fields") or ()
		links = {str(field.fieldname): field.options for field in fields}
		for field in fields:
			refuse_fetching(doc.name, str(field.fetch_from or ""), links)
	for doctype, row in rows:
		if frappe.utils.cint(row.get("permlevel")) in levels_of(doctype):
			reason = _("no role has level {0} of {1}: its fields are shown to nobody")
			refuse_argument("permlevel", reason.format(row.permlevel, _(doctype)))


def refuse_setter(doc: Any, method: str | None = None) -> None:
	"""Before a field of ours gets another property, or its DocType one that names it."""
	hidden = {*shown_to_nobody(str(doc.doc_type))}
	named = hidden & {str(doc.field_name), *WORDS.findall(str(doc.value or ""))}
	if named and doc.property != ORDER:
		reason = _("{0} is shown to nobody, and this cannot be configured")
		refuse_argument(str(doc.property), reason.format(", ".join(sorted(named))))
	if doc.property == "fetch_from":
		refuse_fetching(str(doc.doc_type), str(doc.value or ""))


def refuse_field(doc: Any, method: str | None = None) -> None:
	"""Before a field is added that is filled from a linked document."""
	refuse_fetching(str(doc.dt), str(doc.fetch_from or ""))


def refuse_fetching(doctype: str, fetch_from: str, links: Mapping[str, Any] | None = None) -> None:
	"""Raise ValidationError for `link.field` where the field is shown to nobody.

	Where the link is not there yet, it may come to lead to one of ours.
	"""
	link, _dot, name = fetch_from.partition(".")
	if name not in SECRETS:
		return
	fields = links or {field.fieldname: field.options for field in frappe.get_meta(doctype).fields}
	if link not in fields or name in shown_to_nobody(str(fields[link])):
		refuse_argument("fetch_from", _("{0} is shown to nobody").format(name))


def levels_of(doctype: Any) -> set[int]:
	"""Those of the fields that nobody is shown, as the app has them."""
	own = own_of(doctype)
	return {own.secret_level} if own and own.secret_level else set()

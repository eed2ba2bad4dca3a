"""Rows of any DocType that are about a guarded document: only who may see that document sees them.

Comments, versions, assignments, notifications, mails, links in contacts: which DocTypes have such rows is
found in their fields, so a DocType that another app or a new Frappe brings is one of them as it comes. A row
about a document that is no more is for System Managers alone. A plain Link to an organization is none of
this: whoever made that field decides by the DocType's own permissions who may see it.
"""

import re
from collections.abc import Iterator

import frappe
from frappe.utils.caching import site_cache

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import (
	NONE,
	all_query_conditions,
	hidden_among,
	refuse_request,
	rows_among,
)
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED

# a field that says which DocType is meant, where no Dynamic Link says that it is one
KIND = re.compile(r"(.*?)_?(doctype|document_type|reference_type)$")
# the field beside it that says which document, by what stands before: reference_doctype, reference_name
NAMES = ("{0}_docname", "{0}_name", "{0}_document", "docname", "document_name", "reference_name")
TEXTS = ("Data", "Link", "Read Only", "Select", "Small Text", "Text")
# rows whose two fields are called otherwise
OTHERS = {"Access Log": (("export_from", "reference_document"),)}
KEPT_SECONDS = 60

Pair = tuple[str, str]


@site_cache(ttl=KEPT_SECONDS)
def pairs_of(doctype: str) -> list[Pair]:
	"""Pairs of fields by which a row refers to a document: one names its DocType, the other the document."""
	meta = frappe.get_meta(doctype)
	if meta.issingle or meta.get("is_virtual"):
		return []
	pairs = dict.fromkeys((*_dynamic_links(meta), *_by_their_names(meta), *OTHERS.get(doctype, ())))
	return [(kind, name) for kind, name in pairs if _may_be_guarded(meta.get_field(kind))]


def _dynamic_links(meta: frappe._dict) -> Iterator[Pair]:
	for field in meta.get_dynamic_link_fields():
		if not field.get("is_virtual"):
			yield field.options, field.fieldname


def _by_their_names(meta: frappe._dict) -> Iterator[Pair]:
	texts = [field for field in meta.fields if field.fieldtype in TEXTS and not field.get("is_virtual")]
	names = {field.fieldname for field in texts}
	for field in texts:
		match = KIND.fullmatch(field.fieldname)
		is_kind = match or (field.fieldtype == "Link" and field.options == "DocType")
		if is_kind:
			prefix = match[1] if match else field.fieldname
			beside = next((one for name in NAMES if (one := name.format(prefix)) in names), None)
			if beside and beside != field.fieldname:
				yield field.fieldname, beside


def _may_be_guarded(kind: frappe._dict | None) -> bool:
	"""Not where the DocTypes to choose from are others: what v16's desktop shows is pages and reports."""
	if kind is None or kind.get("is_virtual"):
		return False
	return kind.fieldtype != "Select" or bool({*(kind.options or "").split("\n")} & {*GUARDED})


@site_cache(ttl=KEPT_SECONDS)
def tables_of(doctype: str) -> list[str]:
	"""The DocTypes of its child tables whose rows may be about a document."""
	tables = dict.fromkeys(field.options for field in frappe.get_meta(doctype).get_table_fields())
	return [table for table in tables if pairs_of(table)]


@site_cache(ttl=KEPT_SECONDS)
def parents_of(doctype: str) -> list[str]:
	"""The DocTypes that have a child table of this one, and conditions of their own. Frappe v15 lists its
	rows without asking for those of the document that they are a part of."""
	if not frappe.get_meta(doctype).istable:
		return []
	tables = {"fieldtype": ("in", frappe.model.table_fields), "options": doctype}
	found = frappe.get_all("DocField", {**tables, "parenttype": "DocType"}, pluck="parent")
	if frappe.db.table_exists("Custom Field"):
		found += frappe.get_all("Custom Field", tables, pluck="dt")
	return [one for one in sorted(set(found)) if one in GUARDED or pairs_of(one) or tables_of(one)]


def is_about_documents(doctype: str) -> bool:
	return doctype not in GUARDED and bool(pairs_of(doctype) or tables_of(doctype) or parents_of(doctype))


# --- the hooks, for every DocType


def query_conditions(user: str | None = None, doctype: str = "") -> str:
	"""SQL, true of rows that are about nothing guarded which the user may not see; empty for most."""
	user = user or frappe.session.user
	if not doctype or not is_about_documents(doctype) or access.is_system_manager(user):
		return ""
	return framework.one_more_condition(doctype, _condition(doctype, all_query_conditions(user)))


def has_permission(doc: frappe._dict, ptype: str = "read", user: str | None = None) -> bool | None:
	"""As `query_conditions`, for one row as it is stored; `api.saved_documents` looks at its changes."""
	is_stored = doc.get("name") and not doc.get("__islocal")
	if not is_stored or not is_about_documents(doc.doctype) or access.is_system_manager(user):
		return framework.NO_OBJECTION
	condition = _condition(doc.doctype, all_query_conditions(user))
	# without values, nothing in the statement is taken for a placeholder
	row = f"`tab{doc.doctype}` where name = {access.as_sql(str(doc.name))}"
	found = frappe.db.sql(f"select {condition} from {row}")
	return framework.NO_OBJECTION if not found or found[0][0] else refuse_request(doc, ptype)


def shown_among(doctype: str, names: list[str], user: str) -> set[str]:
	"""Those of the rows that are about nothing guarded which the user may not see."""
	if doctype in GUARDED:
		return {*names} - {*hidden_among(doctype, names, user)}
	condition = query_conditions(user, doctype)
	return {*rows_among(doctype, names, f"({condition})")} if condition else {*names}


# --- the condition


def _condition(doctype: str, visible: dict[str, str]) -> str:
	own = [_is_visible(doctype, kind, name, visible) for kind, name in pairs_of(doctype)]
	tables = [_has_no_hidden_row(doctype, table, visible) for table in tables_of(doctype)]
	parents = [_is_part_of_visible(doctype, parent, visible) for parent in parents_of(doctype)]
	return f"({' and '.join((*own, *tables, *parents))})"


def _is_visible(doctype: str, kind_field: str, name_field: str, visible: dict[str, str]) -> str:
	kind, name = f"`tab{doctype}`.`{kind_field}`", f"`tab{doctype}`.`{name_field}`"
	guarded = " or ".join(
		f"({kind} = '{one}' and exists"
		f" (select 1 from `tab{one}` where `tab{one}`.name = {name} and {condition}))"
		for one, condition in visible.items()
		if condition != NONE
	)
	listed = ", ".join(f"'{one}'" for one in visible)
	return f"(ifnull({kind}, '') not in ({listed}) or ifnull({name}, '') = '' or {guarded or NONE})"


def _has_no_hidden_row(doctype: str, table: str, visible: dict[str, str]) -> str:
	seen = " and ".join(_is_visible(table, kind, name, visible) for kind, name in pairs_of(table))
	return (
		f"not exists (select 1 from `tab{table}` where `tab{table}`.parent = `tab{doctype}`.name"
		f" and `tab{table}`.parenttype = '{doctype}' and not ({seen}))"
	)


def _is_part_of_visible(doctype: str, parent: str, visible: dict[str, str]) -> str:
	condition = visible[parent] if parent in visible else _condition(parent, visible)
	return (
		f"(`tab{doctype}`.parenttype <> '{parent}' or exists (select 1 from `tab{parent}`"
		f" where `tab{parent}`.name = `tab{doctype}`.parent and {condition}))"
	)

"""Titles that Frappe shows for the names of linked documents: none of a document that one may not see.

A row may name a person whom its reader cannot see. Frappe reads the title with the row, and asks nobody.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.tenancy import access_hooks
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED


def titles_of_links(
	of_frappe: Callable[..., dict[str, Any]], *arguments: Any, **named: Any
) -> dict[str, Any]:
	"""`{"DocType::name": title}`, without those of hidden documents."""
	return without_hidden(of_frappe(*arguments, **named))


def titles_of_print(of_frappe: Callable[..., None], meta: Any, doc: Any, parent_doc: Any = None) -> None:
	"""The same, kept with the document that is printed."""
	of_frappe(meta, doc, parent_doc)
	without_hidden((parent_doc or doc).get("__link_titles") or {})


def without_hidden(titles: dict[str, Any]) -> dict[str, Any]:
	for key in list(titles):
		doctype, _colons, name = key.partition("::")
		if doctype in GUARDED and access_hooks.hidden_among(doctype, [name]):
			del titles[key]
	return titles


def change_load(module: ModuleType) -> None:
	replace(module, "get_title_values_for_link_and_dynamic_link_fields", titles_of_links)


def change_print(module: ModuleType) -> None:
	replace(module, "set_title_values_for_link_and_dynamic_link_fields", titles_of_print)


CHANGES = {"frappe.desk.form.load": change_load, "frappe.www.printview": change_print}

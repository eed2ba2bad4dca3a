"""Documents by name: fetching, caching, counting out and deleting them."""

from typing import Any

import frappe
from frappe._api.context import db, local
from frappe._api.messages import clear_last_message
from frappe._api.values import _dict
from frappe.exceptions import DoesNotExistError
from frappe.model import controllers
from frappe.model.create_new import get_new_doc
from frappe.model.db_query import DatabaseQuery
from frappe.utils.caching import SITE_CACHE


def get_doc(*args, **kwargs):
	"""A Document by (doctype, name), by (single doctype), or a new one from a dict or keywords."""
	document = controllers.get_doc(*args, **kwargs)
	key = can_cache_doc(args)
	if key and not kwargs.get("for_update") and frappe.cache.exists(key):
		frappe.cache.set_value(key, document)
	return document


def can_cache_doc(args) -> str | None:
	if not args:
		return None
	doctype = args[0]
	name = doctype if len(args) == 1 or args[1] is None else args[1]
	if isinstance(doctype, str) and isinstance(name, str):
		return get_document_cache_key(doctype, name)
	return None


def get_document_cache_key(doctype: str, name: str) -> str:
	return f"document_cache::{doctype}::{name}"


def get_cached_doc(*args, **kwargs):
	"""The Document from the cache; from the database (and then into the cache) if not there."""
	key = can_cache_doc(args)
	document = frappe.cache.get_value(key) if key else None
	if document:
		return document
	document = get_doc(*args, **kwargs)
	frappe.cache.set_value(key or get_document_cache_key(document.doctype, document.name), document)
	return document


def get_cached_value(doctype: str, name: str, fieldname="name", as_dict: bool = False) -> Any:
	"""A field's value of a cached Document, or those of several; None if there is no such document."""
	try:
		document = get_cached_doc(doctype, name)
	except DoesNotExistError:
		clear_last_message()
		return None
	if isinstance(fieldname, str):
		return document.get(fieldname)
	values = [document.get(field) for field in fieldname]
	return _dict(zip(fieldname, values, strict=True)) if as_dict else values


def clear_document_cache(doctype: str, name: str | None = None) -> None:
	"""Forget cached Documents now, and again when the transaction ends either way."""

	def clear():
		if name is None:
			frappe.cache.delete_keys(get_document_cache_key(doctype, ""))
		else:
			frappe.cache.delete_value(get_document_cache_key(doctype, name))

	clear()
	if hasattr(db, "after_commit"):
		db.after_commit.add(clear)
		db.after_rollback.add(clear)
	if doctype == "System Settings" and hasattr(local, "system_settings"):
		del local.system_settings


def new_doc(doctype: str, *, parent_doc=None, parentfield=None, as_dict: bool = False, **kwargs):
	"""A new Document with its defaults set, then updated with the keyword arguments."""
	return get_new_doc(doctype, parent_doc, parentfield, as_dict=as_dict).update(kwargs)


def get_single(doctype):
	return get_doc(doctype, doctype)


def get_list(doctype, *args, **kwargs):
	"""Rows the current user may read; see frappe.model.db_query for the arguments."""
	return DatabaseQuery(doctype).execute(*args, **kwargs)


def get_all(doctype, *args, **kwargs):
	"""Like get_list for every row, whoever asks, and without a limit unless one is given."""
	kwargs["ignore_permissions"] = True
	kwargs.setdefault("limit_page_length", 0)
	return get_list(doctype, *args, **kwargs)


def copy_doc(doc):
	"""An unsaved copy without name, owner and dates."""
	copy = get_doc(doc.as_dict() if not isinstance(doc, dict) else dict(doc))
	for row in [copy, *copy.get_all_children()]:
		row.set("__islocal", 1)
		for fieldname in ("name", "owner", "creation", "modified", "modified_by", "docstatus"):
			row.set(fieldname, None)
	return copy


def get_system_settings(key):
	if local.flags.in_install_db:
		# the site is being made and has no settings yet
		return None
	if not hasattr(local, "system_settings"):
		local.system_settings = get_cached_doc("System Settings")
	return local.system_settings.get(key)


def is_table(doctype: str) -> bool:
	return bool(db.get_value("DocType", doctype, "istable"))


def clear_cache(user: str | None = None, doctype: str | None = None) -> None:
	"""Forget what is cached of a DocType, of a user, or everything of this site."""
	if doctype:
		clear_doctype_cache(doctype)
	elif user:
		for name in ("roles", "user_permissions", "defaults"):
			frappe.cache.hdel(name, user)
	else:
		frappe.cache.delete_value(frappe.cache.get_keys(""), make_keys=False)
		local.cache = {}
		local.new_doc_templates = {}
		for path in frappe.get_hooks("clear_cache"):
			frappe.get_attr(path)()
	forget_request_caches()


def clear_doctype_cache(doctype: str) -> None:
	frappe.cache.hdel("doctype_meta", doctype)
	frappe.cache.hdel("table_columns", f"tab{doctype}")
	frappe.cache.delete_value("db_tables")
	local.cache.pop("meta", None)
	clear_document_cache(doctype)
	local.new_doc_templates.pop(doctype, None)


def forget_request_caches() -> None:
	SITE_CACHE.clear()
	local.role_permissions = {}
	for name in ("request_cache", "system_settings", "app_hooks", "doc_events_hooks", "installed_apps"):
		if hasattr(local, name):
			delattr(local, name)

"""The class that a DocType's documents are made of."""

import importlib

import frappe
from frappe._api.unsupported import UnsupportedModuleError
from frappe._api.values import scrub
from frappe.model.base_document import BaseDocument
from frappe.model.document import Document


def get_doc(*args, **kwargs):
	"""A document by (doctype, name), by (single doctype), or a new one from a dict or keywords."""
	first = args[0] if args else None
	if isinstance(first, BaseDocument):
		return first
	if isinstance(first, dict):
		kwargs = first
	elif first is not None and not isinstance(first, str):
		raise ValueError("First non keyword argument must be a string or dict")
	doctype = first if isinstance(first, str) else kwargs.get("doctype")
	if not doctype:
		raise ValueError('"doctype" is a required key')
	return get_controller(doctype)(*args, **kwargs)


def get_controller(doctype: str) -> type:
	"""The class from the app's controller file.

	Custom DocTypes, and some of the framework's, have no such file; they are plain Documents.
	"""
	known = frappe.controllers.setdefault(frappe.local.site, {})
	if doctype not in known:
		known[doctype] = import_controller(doctype)
	return known[doctype]


def import_controller(doctype: str) -> type:
	try:
		meta = frappe.get_meta(doctype)
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		name = scrub(doctype)
		raise not_importable(doctype, f"No module named 'frappe.core.doctype.{name}'") from None
	if meta.custom:
		return Document
	module = load_doctype_module(doctype, meta.module)
	if module is None:
		return Document
	class_name = doctype.replace(" ", "").replace("-", "")
	controller = vars(module).get(class_name)
	if controller is None:
		raise ImportError(f"{doctype}: {class_name} does not exist in module {module.__name__}")
	if not issubclass(controller, BaseDocument):
		raise ImportError(f"{doctype}: {class_name} is not a subclass of BaseDocument")
	return controller


def load_doctype_module(doctype: str, module: str):
	"""The Python module of a DocType; None for one of the framework's that has none."""
	module, name = scrub(module), scrub(doctype)
	path = f"{frappe.local.module_app[module]}.{module}.doctype.{name}.{name}"
	try:
		return importlib.import_module(path)
	except ImportError as error:
		if isinstance(error, UnsupportedModuleError) and error.name == path:
			return None
		raise not_importable(doctype, error) from error


def not_importable(doctype: str, reason) -> ImportError:
	message = f"Module import failed for {doctype}, the DocType you're trying to open might be deleted."
	return ImportError(f"{message}<br> Error: {reason}")

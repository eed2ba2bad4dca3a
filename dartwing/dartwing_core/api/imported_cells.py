"""The cells of a file that is imported: the preview of an import, and its warnings, are shown as markup.

Whoever imports a file has often got it from somebody else.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs import texts


def inert_preview(of_frappe: Callable[[Any], Any], file: Any) -> Any:
	preview = of_frappe(file)
	for name in ("data", "columns"):
		preview[name] = inert_in(preview[name])
	return preview


def plain_warnings(of_frappe: Callable[[Any], list], file: Any) -> list:
	"""Frappe repeats cells in them, as they are."""
	return [{**one, "message": texts.plain(str(one.get("message") or ""))} for one in of_frappe(file)]


def inert_in(value: Any) -> Any:
	if isinstance(value, str):
		return texts.inert(value)
	if isinstance(value, dict):
		# the same kind of object, whose keys are read as attributes
		return type(value)({key: inert_in(one) for key, one in value.items()})
	return [inert_in(one) for one in value] if isinstance(value, list | tuple) else value


def change_preview(module: ModuleType) -> None:
	replace(module.ImportFile, "get_data_for_import_preview", inert_preview)
	replace(module.ImportFile, "get_warnings", plain_warnings)


CHANGES = {"frappe.core.doctype.data_import.importer": change_preview}

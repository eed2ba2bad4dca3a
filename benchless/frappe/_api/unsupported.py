"""Where the slice of Frappe ends: everything outside says so, by name."""

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable
from typing import Any


class UnsupportedModuleError(ModuleNotFoundError, NotImplementedError):
	"""A `frappe.…` module that benchless does not have.

	It is a ModuleNotFoundError as well, so code that probes for a module of a later Frappe
	with `try: import … except ImportError` takes its v15 path.
	"""


def refuse(what: str) -> NotImplementedError:
	"""Return (for raising) the one error that marks the end of the slice."""
	return NotImplementedError(f"benchless does not support {what}")


def refuse_options(where: str, options: dict) -> None:
	"""Raise for the first option that benchless does not know; an empty dict passes."""
	for name in options:
		raise refuse(f"the argument {name!r} of {where}")


def attributes_of(module: str, lazy: dict[str, str] | None = None) -> Callable[[str], Any]:
	"""Make the `__getattr__` of a frappe module.

	`lazy` maps names to the modules that define them, looked up on every access so a patched
	definition is seen. Submodules that exist are imported. Anything else is refused by name;
	private names are ordinary AttributeErrors, because Python itself probes for them.
	"""

	def __getattr__(name: str) -> Any:
		if lazy and name in lazy:
			return getattr(importlib.import_module(lazy[name]), name)
		if name.startswith("_"):
			raise AttributeError(f"module {module!r} has no attribute {name!r}")
		if is_submodule(module, name):
			return importlib.import_module(f"{module}.{name}")
		raise refuse(f"{module}.{name}")

	return __getattr__


def is_submodule(module: str, name: str) -> bool:
	package = sys.modules[module]
	if not hasattr(package, "__path__"):
		return False
	return importlib.machinery.PathFinder.find_spec(f"{module}.{name}", package.__path__) is not None


class UnsupportedFinder(importlib.abc.MetaPathFinder):
	"""Last on sys.meta_path: a frappe module nobody else found is refused by name."""

	def find_spec(self, fullname, path=None, target=None):
		if fullname.startswith("frappe.") and not fullname.rsplit(".", 1)[1].startswith("_"):
			raise UnsupportedModuleError(f"benchless does not support {fullname}", name=fullname)


def install_finder() -> None:
	if not any(type(finder).__name__ == "UnsupportedFinder" for finder in sys.meta_path):
		sys.meta_path.append(UnsupportedFinder())

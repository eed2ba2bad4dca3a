"""Where the slice of Frappe ends: everything outside says so, by name."""

import importlib
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any


class UnsupportedModuleError(ModuleNotFoundError, NotImplementedError):
	"""A `frappe.…` module that benchless does not have.

	It is a ModuleNotFoundError as well, so code that probes for a module of a later Frappe
	with `try: import … except ImportError` takes its v15 path.
	"""


def refuse(what: str) -> NotImplementedError:
	"""Return (for raising) the one error that marks the end of the slice."""
	return NotImplementedError(f"benchless does not support {what}")


def refused(what: str) -> Callable:
	"""Make a function that only says that it is not supported."""

	def call(*args, **kwargs):
		raise refuse(what)

	return call


def refuse_options(where: str, options: dict) -> None:
	"""Raise for the first option that benchless does not know; an empty dict passes."""
	for name in options:
		raise refuse(f"the argument {name!r} of {where}")


def attributes_of(module: ModuleType, lazy: dict[str, str] | None = None) -> Callable[[str], Any]:
	"""Make the `__getattr__` of a frappe module.

	`lazy` maps names to the modules that define them, looked up on every access so a patched
	definition is seen. Submodules that exist are imported. Anything else is refused by name;
	private names are ordinary AttributeErrors, because Python itself probes for them.
	"""

	def __getattr__(name: str) -> Any:
		if lazy and name in lazy:
			return getattr(importlib.import_module(lazy[name]), name)
		if name.startswith("_"):
			raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
		if PathFinder.find_spec(f"{module.__name__}.{name}", getattr(module, "__path__", ())):
			return importlib.import_module(f"{module.__name__}.{name}")
		raise refuse(f"{module.__name__}.{name}")

	return __getattr__


class SliceLoader(SourceFileLoader):
	def exec_module(self, module: ModuleType) -> None:
		super().exec_module(module)
		# hooks are probed for
		if module.__name__ != "frappe.hooks":
			module.__getattr__ = attributes_of(module)


class SliceFinder(MetaPathFinder):
	"""First on sys.meta_path: modules of frappe refuse unknown names, and unknown modules are refused."""

	def find_spec(self, fullname, path=None, target=None):
		if not fullname.startswith("frappe."):
			return None
		spec = PathFinder.find_spec(fullname, path)
		if spec and spec.origin:
			spec.loader = SliceLoader(fullname, spec.origin)
		elif not spec and not fullname.rpartition(".")[2].startswith("_"):
			raise UnsupportedModuleError(f"benchless does not support {fullname}", name=fullname)
		return spec


def install_finder() -> None:
	sys.meta_path.insert(0, SliceFinder())

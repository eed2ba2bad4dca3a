"""Functions of Frappe and its libraries that no hook reaches: replaced as soon as their module is imported.

Most requests and jobs import none of these modules, which take seconds, so that nothing is imported for the
sake of it. A process serves all sites of a bench: on those without this app, the functions do what they did.
"""

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any

import frappe

APP = "dartwing"
IS_CHANGED = "changed_by_dartwing"

# by the name of a module, what is to be done when it has been imported
Changes = dict[str, Callable[[ModuleType], None]]

_lock = Lock()


class Changing(Loader):
	"""Loads a module as another loader does, then changes it; a loader may be that of many modules."""

	def __init__(self, of_others: Any, change: Callable[[ModuleType], None]) -> None:
		self.of_others, self.change = of_others, change

	def create_module(self, spec: ModuleSpec) -> ModuleType | None:
		return self.of_others.create_module(spec)

	def exec_module(self, module: ModuleType) -> None:
		if module.__spec__:
			module.__spec__.loader = self.of_others
		module.__loader__ = self.of_others
		self.of_others.exec_module(module)
		# executed once more, it has its own functions again
		vars(module).pop(IS_CHANGED, None)
		change_once(module, self.change)


class Watcher(MetaPathFinder):
	"""Finds what the other finders find, and has it changed."""

	def __init__(self, changes: Changes) -> None:
		self.changes = changes

	def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
		if fullname not in self.changes:
			return None
		others = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
		spec = next(filter(None, others), None)
		if spec:
			spec.loader = Changing(spec.loader, self.changes[fullname])
		return spec


def watch(changes: Changes) -> None:
	"""Change these modules: those that are imported now, the others when they are imported."""
	with _lock:
		if not any(isinstance(finder, Watcher) and finder.changes is changes for finder in sys.meta_path):
			sys.meta_path.insert(0, Watcher(changes))
	for name in changes:
		if name in sys.modules and not is_changed(sys.modules[name]):
			# waits for another thread that is importing it
			change_once(import_module(name), changes[name])


def change_once(module: ModuleType, change: Callable[[ModuleType], None]) -> None:
	with _lock:
		if not is_changed(module):
			change(module)
			setattr(module, IS_CHANGED, True)


def is_changed(module: ModuleType) -> bool:
	"""By what it has itself: a module may answer for names that it has not."""
	return IS_CHANGED in vars(module)


def replace(holder: Any, name: str, replacement: Callable[..., Any]) -> None:
	"""Have the function of a module or a class, on our sites, be this one, which is handed it first."""
	original = getattr(holder, name)

	# it goes by the original's path, and says which arguments it takes
	@wraps(original)
	def on_our_sites(*arguments: Any, **named: Any) -> Any:
		if is_our_site():
			return replacement(original, *arguments, **named)
		return original(*arguments, **named)

	setattr(holder, name, on_our_sites)


def is_our_site() -> bool:
	return bool(getattr(frappe.local, "site", None)) and APP in frappe.get_installed_apps()

"""`frappe.utils`: everything of `frappe.utils.data`, and what knows the bench and the process."""
# ruff: noqa: F401, F403
# this module is where apps import these names from

import functools
import json
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable

import frappe
from frappe._api.values import _dict, as_unicode, parse_json, safe_decode, safe_encode
from frappe.utils.data import *
from traceback_with_variables import Format, iter_exc_lines

SECRET_WORDS = ("password", "passwd", "secret", "token", "key", "pwd")


class CallbackManager:
	"""Callbacks in the order they were added; running one takes it off first."""

	__slots__ = ("_functions",)

	def __init__(self) -> None:
		self._functions: deque[Callable] = deque()

	def add(self, func: Callable) -> None:
		self._functions.append(func)

	__call__ = add

	def run(self) -> None:
		"""Run all; one that raises ends the run, and those after it stay for the next."""
		while self._functions:
			self._functions.popleft()()

	def reset(self) -> None:
		self._functions.clear()


def get_traceback(with_context=False) -> str:
	"""The traceback of the exception being handled, with local variables if asked; "" without one."""
	if not sys.exc_info()[0]:
		return ""
	if with_context:
		text = "\n".join(iter_exc_lines(fmt=traceback_format()))
	else:
		text = "".join(traceback.format_exception(*sys.exc_info()))
	return text.replace(f"{get_bench_path()}/", "")


@functools.cache
def traceback_format():
	"""Prints variables, but none whose name sounds like a secret."""
	return Format(custom_var_printers=[(word, lambda *_a, **_k: "********") for word in SECRET_WORDS])


def get_bench_path() -> str:
	"""The folder above `sites`."""
	root = os.environ.get("FRAPPE_BENCH_ROOT")
	return root or os.path.realpath(os.path.join(getattr(frappe.local, "sites_path", None) or ".", ".."))


def get_bench_id() -> str:
	return frappe.get_conf().get("bench_id", get_bench_path().strip("/").replace("/", "-"))


def get_site_path(*path) -> str:
	return os.path.join(frappe.local.site_path, *path)


def get_files_path(*path, is_private=False) -> str:
	return get_site_path("private" if is_private else "public", "files", *path)


def get_sites() -> list[str]:
	folder = getattr(frappe.local, "sites_path", None) or "."
	return sorted(site for site in os.listdir(folder) if is_site(os.path.join(folder, site)))


def is_site(folder: str) -> bool:
	return not os.path.islink(folder) and os.path.exists(os.path.join(folder, "site_config.json"))


def get_site_name(hostname: str) -> str:
	return hostname.split(":", 1)[0]


def get_fullname(user=None) -> str:
	"""First and last name of a user; the user's id if there are none."""
	user = user or frappe.session.user
	names = frappe.db.get_value("User", user, ["first_name", "last_name"]) or ()
	return " ".join(filter(None, names)) or user


def get_table_name(table_name: str) -> str:
	"""`tabUser` for User; names that begin with two underscores are no DocTypes."""
	return table_name if table_name.startswith("__") else f"tab{table_name}"


def get_safe_filters(filters):
	"""Filters of a JSON text; a number becomes text, everything else is returned as it was."""
	try:
		parsed = json.loads(filters)
	except (TypeError, ValueError):
		return filters
	return as_unicode(parsed) if isinstance(parsed, int | float) else parsed

"""A Frappe context of its own: locals, flags, cache, session, language, connection, callbacks."""

import contextvars
from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar

import frappe
from frappe.utils import background_jobs

from dartwing.dartwing_core.background_jobs.database import drivers

Returned = TypeVar("Returned")


def run_as_frappe_job(site: str, function: Callable[[], Returned]) -> Returned:
	"""Call the function as Frappe's worker calls a job, as Administrator; commits at its end.

	With the hooks `before_job` and `after_job`, on a new connection. The caller's context is not touched.
	"""
	return contextvars.Context().run(
		background_jobs.execute_job,
		site=site,
		method=function,
		event=None,
		job_name=function.__qualname__,
		kwargs={},
	)


def run_on_site(site: str, function: Callable[[], object]) -> None:
	"""Call the function connected to the site; it commits for itself."""

	def connected() -> None:
		frappe.init(site=site)
		frappe.connect()
		try:
			function()
		finally:
			frappe.destroy()

	contextvars.Context().run(connected)


def for_another_thread(
	function: Callable[[], Returned], locals_there: dict[str, Any] | None = None
) -> Callable[[], Returned]:
	"""Wrap the function for a thread that is started now: there it finds Frappe's locals as they are here.

	With `locals_there`, which is `dict(frappe.local)` of another context, it finds those.

	What the function changes there stays there: connection, user, flags, messages, caches. Each local is
	copied by itself, because a new thread has none, and a copy of this thread's context would not do: on
	Frappe v16 both threads would share the locals in it. The thread's `frappe.db` connects when it is first
	used, and is closed when the function ends.
	"""
	found = {name: _own(value) for name, value in (locals_there or dict(frappe.local)).items()}

	def called() -> Returned:
		for name, value in found.items():
			setattr(frappe.local, name, value)
		frappe.local.db = drivers.beside(found["db"])
		try:
			return function()
		finally:
			frappe.local.db.close()

	# in the thread: a context runs where it is entered
	return lambda: contextvars.Context().run(called)


def _own(value: Any) -> Any:
	return copy(value) if isinstance(value, dict | list | set) else value

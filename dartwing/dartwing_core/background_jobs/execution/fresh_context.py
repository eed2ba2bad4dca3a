"""A Frappe context of its own: locals, flags, cache, session, language, connection, callbacks."""

import contextvars
import logging
import time
from collections.abc import Callable
from copy import copy, deepcopy
from functools import partial
from typing import Any, TypeVar

import frappe
from frappe.database.database import Database
from frappe.utils import CallbackManager

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import connections, drivers, handlers_database
from dartwing.dartwing_core.background_jobs.execution.time_limit import at_most

Returned = TypeVar("Returned")

CONTEXT_LASTS_SECONDS = 1
# locals that say which app has which module: large, and the same as long as the process lives
NEVER_CHANGED = ("app_modules", "module_app")


class HandlerContexts:
	"""Contexts for one handler after the other: each has its own copy of Frappe's locals as they are now.

	Nothing that a handler does to Frappe's locals reaches another handler, or the engine. Its `frappe.db`
	connects when it is first used.
	"""

	def __init__(self) -> None:
		# what Frappe remembers of its cache is large, and may be out of date
		self._locals = {**dict(frappe.local), "cache": {}}
		self._before = [frappe.get_attr(path) for path in frappe.get_hooks("before_job")]
		self._after = [frappe.get_attr(path) for path in frappe.get_hooks("after_job")]

	def run(self, method: str, kwargs: dict[str, Any], function: Callable[[], Returned]) -> Returned:
		"""Call the function in a new context, as Frappe calls a job: by Administrator, between the hooks.

		The hooks `before_job` and `after_job` are told `method` and `kwargs`. Raises what a hook before the
		job raises, or the function; what a hook after it raises is logged. Nothing is committed here, and
		what the function left uncommitted is undone.
		"""
		return contextvars.Context().run(self._run, method, kwargs, function)

	def _run(self, method: str, kwargs: dict[str, Any], function: Callable[[], Returned]) -> Returned:
		for name, value in self._locals.items():
			setattr(frappe.local, name, value if name in NEVER_CHANGED else _own(value, deepcopy))
		database = frappe.local.db = handlers_database.for_handler(self._locals["db"])
		frappe.set_user("Administrator")
		frappe.local.job = frappe._dict(
			site=frappe.local.site,
			method=method,
			job_name=method,
			kwargs=kwargs,
			user=None,
			after_job=CallbackManager(),
		)
		try:
			for hook in self._before:
				frappe.call(hook, method=method, kwargs=kwargs, transaction_type="job")
			return function()
		finally:
			self._leave(method, kwargs)
			for left in {database, getattr(frappe.local, "db", None) or database}:
				_attempt(left.close)

	def _leave(self, method: str, kwargs: dict[str, Any]) -> None:
		for hook in self._after:
			_attempt(partial(frappe.call, hook, method=method, kwargs=kwargs, result=None))
		_attempt(lambda: frappe.local.job.after_job.run())


class EngineContext:
	"""The context in which a horse of the engine works between its handlers, on a connection of its own.

	It is made anew each second: what Frappe remembers in it, as the roles of a user, is no older than that.
	`frappe.flags.in_test` is handed on to it: where the environment has a variable `CI`, Frappe sets that
	flag, but only in jobs that it starts itself.
	"""

	def __init__(self, site: str):
		self._site = site
		self._in_test = frappe.flags.in_test
		self._context: contextvars.Context | None = None
		self._is_old_at = 0.0

	def run(self, function: Callable[[HandlerContexts], Returned]) -> Returned:
		"""Call the function in this context; its argument makes contexts for handlers."""
		if not self._context or time.monotonic() >= self._is_old_at:
			database = self._context.run(lambda: frappe.local.db) if self._context else None
			self._context = contextvars.Context()
			self._contexts = self._context.run(self._open, database)
			self._is_old_at = time.monotonic() + CONTEXT_LASTS_SECONDS
		return self._context.run(function, self._contexts)

	def _open(self, database: Database | None) -> HandlerContexts:
		"""Enter the site, with this connection if there is one already."""
		frappe.init(site=self._site)
		if database:
			frappe.local.db = database
			frappe.set_user("Administrator")
		else:
			frappe.connect()
			connections.make_own()
		if self._in_test:
			frappe.flags.in_test = self._in_test
		return HandlerContexts()

	def close(self) -> None:
		if self._context:
			self._context.run(frappe.destroy)


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


def _own(value: Any, copied: Callable[[Any], Any] = copy) -> Any:
	return copied(value) if isinstance(value, dict | list | set) else value


def _attempt(call: Callable[[], object]) -> None:
	"""Call what follows a job, for some seconds at most; its job has ended, whatever this raises."""
	try:
		with at_most(config.get("timeout_grace_seconds")):
			call()
	except BaseException:
		logging.getLogger("dartwing").exception("what follows a job failed")

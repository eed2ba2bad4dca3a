"""A Frappe context of its own: locals, flags, cache, session, language, connection, callbacks."""

import contextvars
from collections.abc import Callable
from typing import TypeVar

import frappe
from frappe.utils import background_jobs

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

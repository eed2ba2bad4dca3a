"""What every endpoint of the REST API has in common: its arguments, its limits, its errors."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from inspect import signature
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.arguments import Argument, arguments_of, refuse_unknown
from dartwing.dartwing_core.api.call_limits import CallLimit
from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK
from dartwing.dartwing_core.background_jobs.database import drivers
from dartwing.dartwing_core.background_jobs.database.after_commit import run_closings
from dartwing.dartwing_core.background_jobs.errors import (
	DuplicateJobError,
	JobBusyError,
	QueueFullError,
	RateLimitExceededError,
	SubmissionTimeoutError,
)

READ = ("GET", "POST")
CHANGE = ("POST",)
# somebody else holds or changes what is asked for: it says nothing of what was sent
MOMENTARY = (frappe.QueryDeadlockError, frappe.QueryTimeoutError)
BUSY_SECONDS = 1


@dataclass(frozen=True)
class Endpoint:
	"""A function that HTTP may call, with the HTTP methods it takes."""

	function: Callable[..., Any]
	methods: tuple[str, ...]
	limit: CallLimit | None
	arguments: tuple[Argument, ...]

	@property
	def name(self) -> str:
		return self.function.__name__

	def call(self, *values: Any, **sent: Any) -> Any:
		"""Run the function for the session's user, within the limit and with arguments of its types."""
		if self.limit and frappe.request:
			self.limit.check(frappe.session.user)
		refuse_unknown(self.function)
		given = signature(self.function).bind_partial(*values, **sent).arguments
		answer = self.function(
			**{argument.name: argument.value_of(given.get(argument.name)) for argument in self.arguments}
		)
		if frappe.request:
			# Frappe commits next, and nobody could answer for an error that is raised there
			run_closings()
		return answer


ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(
	methods: tuple[str, ...], limit: CallLimit | None = None, is_documented: bool = True
) -> Callable:
	"""Decorator: make a function an endpoint of the REST API, for logged-in users only.

	One that is not documented serves the app's own pages and may change with them.
	Frappe's own check of arguments sees `Any`: it would answer with the names of Python's types.
	"""

	def register(function: Callable) -> Callable:
		made = Endpoint(function, methods, limit, tuple(arguments_of(function)))
		if is_documented:
			ENDPOINTS[made.name] = made

		@wraps(function)
		def call(*values: Any, **sent: Any) -> Any:
			try:
				return made.call(*values, **sent)
			except DuplicateJobError as error:
				frappe.response.update(
					error=str(error), existing_job_id=error.existing_job_id, status=error.status
				)
				raise
			except (RateLimitExceededError, QueueFullError, SubmissionTimeoutError, JobBusyError) as error:
				frappe.response["error"] = str(error)
				frappe.flags.dartwing_retry_after = error.retry_after
				raise
			except Exception as error:
				if hasattr(error, "problems"):
					frappe.response["problems"] = error.problems
				status = getattr(error, "http_status_code", HTTPStatus.INTERNAL_SERVER_ERROR)
				if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
					keep_out_of_log_files(frappe.local.form_dict)
				if status != HTTPStatus.INTERNAL_SERVER_ERROR or not frappe.request:
					raise
				return answer_failure(made.name, error)

		call.__annotations__ = dict.fromkeys(function.__annotations__, Any)
		return frappe.whitelist(methods=list(methods))(call)

	return register


def answer_failure(name: str, error: Exception) -> None:
	"""Answer that the server failed, and record why, with nothing of what was done kept.

	What is raised to Frappe, it records with the variables of each function: what was sent is among them.
	Where somebody else was faster, nothing has failed, and the same may be sent again.
	"""
	if isinstance(error, MOMENTARY):
		answer_busy(error)
		return
	with suppress(*drivers.ERRORS):
		frappe.db.rollback()
		error_log.record(f"{name} failed")
		frappe.db.commit()
	frappe.response.update(
		exc_type=type(error).__name__, http_status_code=HTTPStatus.INTERNAL_SERVER_ERROR.value
	)


def answer_busy(error: Exception) -> None:
	"""Answer that somebody else was faster, with nothing of what was done kept: it may be sent again."""
	frappe.db.rollback()
	frappe.flags.dartwing_retry_after = BUSY_SECONDS
	frappe.response.update(
		error=_("Somebody else changes the same at this moment; try again"),
		exc_type=type(error).__name__,
		http_status_code=HTTPStatus.SERVICE_UNAVAILABLE.value,
	)


def keep_out_of_log_files(form: dict[str, Any]) -> None:
	"""Take the objects out of a form, which Frappe writes into its log files when a request ends in 500.

	They may hold secrets. What names a thing, as `job_id`, stays and helps to find the cause.
	"""
	for name, value in form.items():
		if isinstance(value, dict | list) or (isinstance(value, str) and value.lstrip()[:1] in ("{", "[")):
			form[name] = MASK

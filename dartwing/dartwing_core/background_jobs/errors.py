"""What can go wrong with a job, one class per cause, and which of it is worth a retry."""

import builtins
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, NoReturn

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint
from rq.timeouts import JobTimeoutException

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.config import MAX_JSON_LEVELS


class JobEngineError(frappe.ValidationError):
	"""Base of everything the engine refuses."""


class InvalidTransitionError(JobEngineError):
	"""The state machine has no such transition."""


class StaleJobError(JobEngineError):
	"""The job moved on since it was read; nothing was changed."""


class DuplicateJobError(frappe.DuplicateEntryError):
	"""An equal job is unfinished and younger than the deduplication window of its type."""

	def __init__(
		self, existing_job_id: str | None, status: str | None, argument: str = "", equal_argument: str = ""
	):
		"""The existing job and its status, or for two equal jobs of one bulk their arguments."""
		self.existing_job_id = existing_job_id
		self.status = status
		if existing_job_id and status:
			message = _("An equal job is already {0}: {1}").format(_(status), existing_job_id)
		else:
			message = _("{0}: equals {1}").format(argument, equal_argument)
		super().__init__(message)


class RateLimitExceededError(frappe.RateLimitExceededError):
	"""More was asked for than a window allows; `retry_after` is in seconds."""

	http_status_code = 429

	def __init__(self, message: str, retry_after: int = 60):
		super().__init__(message)
		self.retry_after = retry_after


class QueueFullError(JobEngineError):
	"""As many jobs of the organization wait as may wait.

	Nobody knows when another one fits; `retry_after` is when it is worth another try.
	"""

	http_status_code = 429
	retry_after = 60


class SubmissionTimeoutError(frappe.QueryTimeoutError):
	"""Other submissions were under way, and it was not decided soon enough whether this one may go on."""

	http_status_code = 503
	retry_after = 1


class JobBusyError(frappe.QueryTimeoutError):
	"""Another transaction holds one of these jobs, or a schedule, for longer than anybody should wait."""

	http_status_code = 503
	retry_after = 1

	def __init__(self, job_ids: Sequence[str]):
		named = job_ids[0] if len(job_ids) == 1 else _("one of {0} jobs").format(len(job_ids))
		super().__init__(_("{0} is being changed by somebody else; try again").format(named))


class IdempotencyKeyError(JobEngineError):
	"""The idempotency key came with another request before."""

	http_status_code = 422


class NotActiveError(JobEngineError):
	"""An organization or a Job Type takes no jobs for now: an administrator has suspended or disabled it.

	A handler that gets it in a submission is tried again.
	"""


class JobStateError(JobEngineError):
	"""The job's status does not allow what was asked."""

	http_status_code = 409


def refuse_argument(
	argument: str, reason: str, exception: type[Exception] = frappe.ValidationError
) -> NoReturn:
	"""Raise an error whose message begins with the name of the argument that is wrong."""
	frappe.throw(_as_told(f"{argument}: {reason}"), exception)
	raise AssertionError("frappe.throw returned")


def refuse_beyond(document: Document, most: Mapping[str, int]) -> None:
	"""Raise a ValidationError for the first field whose number is larger than what `most` names for it."""
	for field, largest in most.items():
		if cint(document.get(field)) > largest:
			label = document.meta.get_label(field)
			reason = _("{0} must be at most {1}, not {2}")
			frappe.throw(reason.format(_(label), largest, document.get(field)))


def refuse_arguments(reason: str, problems: Sequence[tuple[str, str]]) -> NoReturn:
	"""As `refuse_argument`, for several arguments, each with what is wrong with it.

	The error's message is of the first one, with this reason. Its `problems` have all of them.
	"""
	try:
		refuse_argument(problems[0][0], reason)
	except frappe.ValidationError as error:
		error.problems = [
			{"argument": _as_told(argument), "reason": _as_told(of_argument)}
			for argument, of_argument in problems
		]
		raise


def _as_told(text: str) -> str:
	# Desk shows it as HTML, and reasons repeat what was sent
	return texts.cut(texts.inert(texts.storable(text)), texts.MAX_LINE)


def too_deep() -> str:
	"""Why JSON is refused that is nested deeper than the database takes."""
	return _("is nested too deeply: at most {0} levels").format(MAX_JSON_LEVELS)


def fault_of_json(error: Exception) -> str:
	"""Why a text that somebody sent is refused as JSON, of what Python's reader raised.

	Its own words are told where they say a place in the text; the others are about Python.
	"""
	if isinstance(error, RecursionError):
		return too_deep()
	if type(error) is ValueError:
		# valid JSON, and more digits than Python reads
		return _("has a whole number of more than {0} digits").format(sys.get_int_max_str_digits())
	return _("is no valid JSON: {0}").format(error)


class TransientError(Exception):
	"""Raised by a handler: trying again may help. `retry_after` is in seconds."""

	def __init__(self, *args: object, retry_after: float | None = None):
		super().__init__(*args)
		self.retry_after = retry_after


class PermanentError(Exception):
	"""Raised by a handler: trying again is of no use."""


class DryRunError(PermanentError):
	"""The handler of a dry run would have committed what is to be undone."""


class Snooze(Exception):
	"""Raised by a handler: run the job again after so many seconds (or a timedelta), from one to a year.

	That is no failure and uses up no retry. What the handler wrote is undone, but for its steps.
	"""

	def __init__(self, seconds: float | timedelta, message: str = "") -> None:
		super().__init__(message)
		self.seconds = seconds


class JobCanceledError(Exception):
	"""The job was canceled or is no longer this attempt's; the handler should stop."""


class JobTimeoutError(JobTimeoutException):
	"""Raised in a handler, wherever it is, when it runs longer than its job's `timeout_seconds`."""


TRANSIENT = "Transient"
PERMANENT = "Permanent"

# RFC 9110 section 15.5: the caller is not known, not allowed, or not known to the proxy
PERMANENT_HTTP_STATUSES = frozenset({401, 403, 407})
# the same, and RFC 8470: took too long, too early, too often
NOT_NOW_HTTP_STATUSES = frozenset({408, 425, 429, *range(500, 600)})

# kinds of frappe.ValidationError that say "not now", not "not so"
TRANSIENT_ERRORS = (
	TransientError,
	StaleJobError,
	NotActiveError,
	frappe.TimestampMismatchError,
	frappe.DocumentLockedError,
)

PERMANENT_ERRORS = (
	PermanentError,
	frappe.ValidationError,
	frappe.PermissionError,
	frappe.DoesNotExistError,
	frappe.AuthenticationError,
	# of one transaction: the next attempt writes as many
	frappe.TooManyWritesError,
)

# Python 3.10 has none
GROUPS: tuple[type[BaseException], ...] = (
	(builtins.BaseExceptionGroup,) if hasattr(builtins, "BaseExceptionGroup") else ()
)


# An error that left a handler is a foreign object: what it is asked may run its own code, which may raise or
# never return. What these three ask is answered by Python itself.


def is_a(error: BaseException, kinds: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
	"""As `isinstance`, which would ask the error for its `__class__`."""
	return issubclass(type(error), kinds)


def traceback_object_of(error: BaseException) -> TracebackType | None:
	"""Where the error was raised."""
	found: TracebackType | None = BaseException.__dict__["__traceback__"].__get__(error)
	return found


def classify_error(error: BaseException) -> str:
	"""`Transient` for what may pass by itself, `Permanent` for what will not; unknown errors may pass.

	A group of errors is Permanent as soon as one of them is. tests/unit/test_retry_decision.py has the table
	of Frappe's own classes.
	"""
	return PERMANENT if any(_is_permanent(one) for one in leaves_of(error)) else TRANSIENT


def _is_permanent(error: BaseException) -> bool:
	if is_a(error, TRANSIENT_ERRORS):
		return False
	if is_a(error, PERMANENT_ERRORS):
		# Frappe's classes say by their HTTP status that they mean "not now"
		return attribute_of(error, "http_status_code") not in NOT_NOW_HTTP_STATUSES
	return http_status_of(error) in PERMANENT_HTTP_STATUSES


def leaves_of(error: BaseException) -> list[BaseException]:
	"""The errors that a group of errors holds, however deep; of any other error, itself."""
	leaves, left = [], [error]
	while left:
		one = left.pop(0)
		if is_a(one, GROUPS):
			left[:0] = attribute_of(one, "exceptions") or ()
		else:
			leaves.append(one)
	return leaves


def http_status_of(error: BaseException) -> int | None:
	"""The HTTP status that an error carries: its own, or its response's as in requests and httpx."""
	if is_a(error, SystemExit):
		# its code is a process's
		return None
	for carrier in (error, attribute_of(error, "response")):
		for name in ("status_code", "status", "code", "http_status_code"):
			status = attribute_of(carrier, name)
			if isinstance(status, int):
				return status
	return None


def attribute_of(carrier: object, name: str) -> Any:
	"""An attribute of a foreign error; None if it has none, or if asking for it fails.

	Raises JobTimeoutException, of RQ or of a time limit: asking took too long.
	"""
	try:
		return getattr(carrier, name, None)
	except JobTimeoutException:
		raise
	except (Exception, SystemExit, GeneratorExit):
		return None

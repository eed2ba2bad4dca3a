"""Every way an attempt can end is one value, and each records itself in the current transaction."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any, TypeVar

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config, texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.retry_queue import schedule_retry
from dartwing.dartwing_core.background_jobs.errors import (
	GROUPS,
	PERMANENT,
	TRANSIENT,
	JobCanceledError,
	PermanentError,
	TransientError,
	attribute_of,
	is_a,
	leaves_of,
)
from dartwing.dartwing_core.background_jobs.execution import retry_decision
from dartwing.dartwing_core.background_jobs.execution.offspring import children_end_here
from dartwing.dartwing_core.background_jobs.execution.retry_decision import Verdict
from dartwing.dartwing_core.background_jobs.execution.time_limit import at_most
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.doctype.background_job.background_job import (
	COMPLETED,
	DEAD_LETTER,
	FAILED,
	PENDING,
	TIMED_OUT,
	BackgroundJob,
)

Answer = TypeVar("Answer")

# seconds that an error may take to say what it is: its handler's time is over
LAST_WORDS_SECONDS = 2
# a job that is snoozed for less would go around all the time
SHORTEST_SNOOZE_SECONDS, LONGEST_SNOOZE_SECONDS = 1.0, 365 * 24 * 3600
# how many errors of a group its message tells of
MAX_LEAVES = 20

# errors whose words are a key, a returned value, or the names of a document and of its fields
ERRORS_OF_NAMES_ONLY = (KeyError, StopIteration, frappe.MandatoryError)
# errors whose words were written for people
ERRORS_FOR_PEOPLE = (TransientError, PermanentError, JobCanceledError, frappe.ValidationError)


@dataclass(frozen=True)
class Completed:
	"""The handler returned; `result` is JSON text or None, and so are the documents that a dry run names."""

	output_reference: str | None
	result: str | None
	dry_run_documents: str | None = None

	@classmethod
	def of(cls, returned: Any) -> "Completed":
		"""From what a handler returned: None, or a dict of `output_reference` and `result`.

		Raises PermanentError, naming what is wrong, for anything else: no retry would change it.
		"""
		if returned is None:
			return cls(None, None)
		if not isinstance(returned, dict) or set(returned) - {"output_reference", "result"}:
			raise PermanentError(
				_("a handler returns None or a dict of output_reference and result, not {0}").format(
					repr(returned)[:200]
				)
			)
		output_reference = returned.get("output_reference")
		if isinstance(output_reference, str):
			# a class of the handler's own may answer anything to whoever looks at it later
			output_reference = str.__str__(output_reference)
		if not (output_reference is None or is_reference(output_reference)):
			raise PermanentError(
				_(
					"output_reference: must be a file of this site or an http(s) address of at most"
					" {0} characters, not {1}"
				).format(texts.MAX_REFERENCE, repr(output_reference)[:200])
			)
		result = returned.get("result")
		text = None if result is None else json_objects.to_json(result, "result")
		if text and len(text.encode()) > config.MAX_RESULT_BYTES:
			raise PermanentError(
				_(
					"result: {0} bytes of JSON, at most {1} are kept; return a File in output_reference"
				).format(len(text.encode()), config.MAX_RESULT_BYTES)
			)
		return cls(output_reference, text)

	def record(self, job: BackgroundJob) -> None:
		"""Raises PermanentError for a reference that tells a secret: the whole organization is shown it."""
		reference = self.output_reference or ""
		if job.secrets.hide(reference) != reference:
			raise PermanentError(_("output_reference: holds the value of a masked parameter"))
		of_dry_run = {"dry_run_documents": self.dry_run_documents} if job.is_dry_run else {}
		job.transition_to(
			COMPLETED,
			actor=job.worker_name,
			progress=100.0,
			**of_dry_run,
			output_reference=self.output_reference,
			result=self.result,
			error_type=None,
			error_message=None,
			error_traceback=None,
		)


@dataclass(frozen=True)
class Failed:
	"""The handler raised; a transient error waits for its retry, a permanent one for a person."""

	error: BaseException
	traceback: str
	message: str
	verdict: Verdict

	@classmethod
	def of(cls, error: BaseException, traceback: str) -> "Failed":
		"""Ask the error, once: what it answers is code of others, and nothing must be in its way."""
		verdict = asked(lambda: Verdict.of(error), Verdict(TRANSIENT))
		message = asked(lambda: describe(error), texts.class_name_of(error))
		return cls(error, traceback, message, verdict)

	def record(self, job: BackgroundJob) -> None:
		decision = retry_decision.decide(
			self.verdict,
			job.retry_count,
			job.max_retries,
			random.random,
			times.utc_now().replace(tzinfo=timezone.utc),
			base_delay_of(job),
		)
		details = {
			"error_type": decision.error_type,
			"error_message": self.message,
			"error_traceback": self.traceback,
		}
		if decision.error_type == PERMANENT:
			job.transition_to(DEAD_LETTER, message=self.message, actor=job.worker_name, **details)
		else:
			schedule_retry(job, FAILED, decision.delay_seconds, job.worker_name, details)


@dataclass(frozen=True)
class TimedOut:
	"""The handler was stopped after `timeout_seconds`."""

	timeout_seconds: int
	traceback: str

	def record(self, job: BackgroundJob) -> None:
		details = {
			"error_type": TRANSIENT,
			"error_message": _("stopped after {0} seconds").format(self.timeout_seconds),
			"error_traceback": self.traceback,
		}
		delay = None
		if job.retry_count < job.max_retries:
			delay = retry_decision.calculate_backoff(job.retry_count, base_delay_of(job), random.random)
		schedule_retry(job, TIMED_OUT, delay, job.worker_name, details)


@dataclass(frozen=True)
class Snoozed:
	"""The handler raised Snooze: the job waits for `seconds`, and goes on with what its steps have done."""

	seconds: float
	message: str

	@classmethod
	def of(cls, error: BaseException) -> "Snoozed":
		"""Raises PermanentError, naming what is wrong, for a time that is none."""
		asked_for = attribute_of(error, "seconds")
		seconds = asked_for.total_seconds() if type(asked_for) is timedelta else asked_for
		if type(seconds) not in (int, float) or not 0 <= seconds <= LONGEST_SNOOZE_SECONDS:
			raise PermanentError(
				_("Snooze: seconds must be a number from 0 to {0}, not {1}").format(
					LONGEST_SNOOZE_SECONDS, asked(lambda: repr(asked_for)[:200], texts.class_name_of(error))
				)
			)
		return cls(max(float(seconds), SHORTEST_SNOOZE_SECONDS), words_of(error))

	def record(self, job: BackgroundJob) -> None:
		said = _("snoozed for {0} seconds").format(f"{self.seconds:g}")
		job.transition_to(
			PENDING,
			message=f"{said}: {self.message}" if self.message else said,
			actor=job.worker_name,
			ready_at=times.utc_now() + timedelta(seconds=self.seconds),
			attempt_id=None,
			rq_job_id=None,
			worker_name=None,
			heartbeat_at=None,
		)


@dataclass(frozen=True)
class Abandoned(Failed):
	"""The handler raised JobCanceledError: it was told that the job is canceled, or given to another attempt.

	Nothing is recorded then, because the job is not this attempt's any more. If it still is, because the
	handler raised that error by itself, the attempt has failed.
	"""


Outcome = Completed | Failed | TimedOut | Abandoned | Snoozed


def base_delay_of(job: BackgroundJob) -> int:
	"""Seconds before the first retry of the job's type; the default for a type that is gone."""
	delay = frappe.get_cached_value("Job Type", job.job_type, "retry_base_delay")
	return retry_decision.BASE_DELAY_SECONDS if delay is None else delay


def describe(error: BaseException) -> str:
	"""The error's own words, with its class where these do not say what happened; of a group, each one's.

	They may be of any length, and `transition_to` still has to make them storable and plain.
	"""
	words, kind = words_of(error), texts.class_name_of(error)
	if not words and is_a(error, frappe.PermissionError):
		# Frappe raises it without words, and puts these where its answer to a request finds them
		words = texts.text_of(frappe.flags.error_message or "")
		return f"{kind}: {words}" if words else kind
	if is_a(error, GROUPS):
		words = f"{words}: {'; '.join(describe(one) for one in leaves_of(error)[:MAX_LEAVES])}"
	elif not is_telling(error, words):
		words = f"{kind}: {words}" if words else kind
	return words


def words_of(error: BaseException) -> str:
	"""What the error says of itself; nothing if it cannot even do that."""
	return asked(lambda: str(error).strip(), "")


def asked(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
	"""What an error answers, or what stands for it if it fails to, takes too long or forks."""
	try:
		with at_most(LAST_WORDS_SECONDS), children_end_here():
			return ask()
	except BaseException:
		# whatever the error is, the attempt has ended with it
		return otherwise


def is_telling(error: BaseException, words: str) -> bool:
	"""Whether the words alone say what happened. A name, a number or the end of a process does not."""
	if not words or not is_a(error, Exception) or is_a(error, ERRORS_OF_NAMES_ONLY):
		return False
	return is_a(error, ERRORS_FOR_PEOPLE) or len(words.split(maxsplit=1)) > 1


def is_reference(value: Any) -> bool:
	return isinstance(value, str) and texts.is_reference(value)

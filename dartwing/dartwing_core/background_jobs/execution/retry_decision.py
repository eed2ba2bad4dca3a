"""When a failed job runs again. Everything here is pure: the clock and the random numbers are handed in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isnan

from dartwing.dartwing_core.background_jobs.errors import (
	TRANSIENT,
	attribute_of,
	classify_error,
	leaves_of,
)

BASE_DELAY_SECONDS = 60
MAX_BACKOFF_DOUBLINGS = 4
JITTER = 0.2
LONGEST_RETRY_AFTER_SECONDS = 365 * 24 * 3600.0


@dataclass(frozen=True)
class Verdict:
	"""What an error says about retries: its type, and how long to wait, in seconds or until when.

	A group of errors may say that more than once.
	"""

	error_type: str
	retry_after: tuple[float | datetime, ...] = ()

	@classmethod
	def of(cls, error: BaseException) -> "Verdict":
		asked_for = [value for one in leaves_of(error) if (value := _asked_for(one)) is not None]
		return cls(classify_error(error), tuple(asked_for))

	def seconds_to_wait(self, now: datetime) -> float | None:
		"""At least 0 and at most a year; None if the error says nothing. `now` is timezone-aware.

		A group of errors waits as long as the one that asks for most.
		"""
		seconds = [
			(value - now).total_seconds() if isinstance(value, datetime) else value
			for value in self.retry_after
		]
		return min(max(0.0, *seconds), LONGEST_RETRY_AFTER_SECONDS) if seconds else None


@dataclass(frozen=True)
class RetryDecision:
	"""What follows a failed attempt: a delay in seconds, or None for the dead letter queue."""

	error_type: str
	delay_seconds: float | None


def calculate_backoff(
	retry_count: int,
	base_delay_seconds: float = BASE_DELAY_SECONDS,
	random: Callable[[], float] | None = None,
) -> float:
	"""Seconds to wait after `retry_count` retries: 60, 120, 240, 480, 960, then 960 again.

	`random` returns a number in [0, 1) and spreads the result by ±20 %; None means no jitter.
	"""
	delay = base_delay_seconds * 2 ** min(retry_count, MAX_BACKOFF_DOUBLINGS)
	return delay * (1 + JITTER * (2 * random() - 1)) if random else delay


def decide(
	verdict: Verdict,
	retry_count: int,
	max_retries: int,
	random: Callable[[], float],
	now: datetime,
	base_delay_seconds: float = BASE_DELAY_SECONDS,
) -> RetryDecision:
	"""Retry a transient error while retries are left, after Retry-After where the error names one."""
	if verdict.error_type != TRANSIENT or retry_count >= max_retries:
		return RetryDecision(verdict.error_type, None)
	asked_for = verdict.seconds_to_wait(now)
	if asked_for is not None:
		return RetryDecision(verdict.error_type, asked_for)
	return RetryDecision(verdict.error_type, calculate_backoff(retry_count, base_delay_seconds, random))


def _asked_for(error: BaseException) -> float | datetime | None:
	"""What the error asks to wait: its `retry_after`, or its response's Retry-After header.

	The header holds seconds or an HTTP date (RFC 9110, section 10.2.3); any other value is ignored.
	"""
	value = attribute_of(error, "retry_after")
	if value is None:
		headers = attribute_of(attribute_of(error, "response"), "headers")
		try:
			value = headers.get("Retry-After") if headers else None
		except Exception:
			# the response's headers are not what headers should be
			return None
	return None if value is None else _seconds_or_date(value)


def _seconds_or_date(value: object) -> float | datetime | None:
	"""None for a value that means no time."""
	if isinstance(value, timedelta):
		return value.total_seconds()
	try:
		seconds = float(value)  # type: ignore[arg-type]
	except OverflowError:
		return LONGEST_RETRY_AFTER_SECONDS
	except (TypeError, ValueError):
		return _date(str(value))
	return None if isnan(seconds) else seconds


def _date(text: str) -> datetime | None:
	try:
		date = parsedate_to_datetime(text)
	except (TypeError, ValueError, OverflowError):
		return None
	# of one without a zone it is not known when it is
	return date if date.tzinfo else None

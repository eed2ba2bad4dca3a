from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import frappe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs.errors import (
	PERMANENT,
	TRANSIENT,
	PermanentError,
	TransientError,
	classify_error,
)
from dartwing.dartwing_core.background_jobs.retry import calculate_backoff, decide, retry_after_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


def error_with_response(status: int, **headers: str) -> Exception:
	error = Exception(f"HTTP {status}")
	error.response = SimpleNamespace(status_code=status, headers=headers)
	return error


def error_with_status(status: int) -> Exception:
	error = Exception(f"HTTP {status}")
	error.status_code = status
	return error


@pytest.mark.parametrize(
	("error", "expected"),
	[
		(PermanentError("x"), PERMANENT),
		(frappe.ValidationError("x"), PERMANENT),
		(frappe.PermissionError("x"), PERMANENT),
		(frappe.DoesNotExistError("x"), PERMANENT),
		(frappe.MandatoryError("x"), PERMANENT),
		(frappe.LinkValidationError("x"), PERMANENT),
		(frappe.AuthenticationError("x"), PERMANENT),
		(error_with_response(401), PERMANENT),
		(error_with_response(403), PERMANENT),
		(TransientError("x"), TRANSIENT),
		(ConnectionError("x"), TRANSIENT),
		(TimeoutError("x"), TRANSIENT),
		(frappe.QueryDeadlockError("x"), TRANSIENT),
		(frappe.QueryTimeoutError("x"), TRANSIENT),
		(frappe.RateLimitExceededError("x"), TRANSIENT),
		(error_with_response(408), TRANSIENT),
		(error_with_response(425), TRANSIENT),
		(error_with_response(429), TRANSIENT),
		(error_with_response(503), TRANSIENT),
		(error_with_status(500), TRANSIENT),
		(ZeroDivisionError("unknown"), TRANSIENT),
	],
)
def test_errors_are_classified(error, expected):
	assert classify_error(error) == expected


def test_backoff_doubles_from_a_minute_and_stays_at_sixteen():
	assert [calculate_backoff(n) for n in range(6)] == [60, 120, 240, 480, 960, 960]


@given(st.integers(0, 20), st.floats(0, 1, exclude_max=True))
def test_jitter_stays_within_twenty_percent(retry_count, dice):
	plain = calculate_backoff(retry_count)
	assert 0.8 * plain <= calculate_backoff(retry_count, random=lambda: dice) <= 1.2 * plain


def test_jitter_uses_the_whole_range():
	assert calculate_backoff(0, random=lambda: 0.0) == pytest.approx(48)
	assert calculate_backoff(0, random=lambda: 0.999999) == pytest.approx(72, abs=0.01)


@pytest.mark.parametrize(
	("error", "seconds"),
	[
		(TransientError("x", retry_after=17), 17),
		(TransientError("x", retry_after=timedelta(minutes=2)), 120),
		(TransientError("x", retry_after=-5), 0),
		(error_with_response(429, **{"Retry-After": "90"}), 90),
		(error_with_response(503, **{"Retry-After": "Sun, 22 Nov 2026 12:05:00 GMT"}), 300),
		(error_with_response(503, **{"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT"}), 0),
		(error_with_response(503, **{"Retry-After": "soon"}), None),
		(error_with_response(503), None),
		(TransientError("x"), None),
	],
)
def test_retry_after_is_read_from_error_and_response(error, seconds):
	assert retry_after_of(error, NOW) == seconds


@pytest.mark.parametrize(
	("error", "retry_count", "max_retries", "delay"),
	[
		(TransientError("x"), 0, 5, 60),
		(TransientError("x"), 4, 5, 960),
		(TransientError("x"), 5, 5, None),
		(TransientError("x"), 0, 0, None),
		(TransientError("x", retry_after=3), 0, 5, 3),
		(TransientError("x", retry_after=3), 5, 5, None),
		(PermanentError("x"), 0, 5, None),
	],
)
def test_decisions(error, retry_count, max_retries, delay):
	decision = decide(error, retry_count, max_retries, random=lambda: 0.5, now=NOW)
	assert decision.delay_seconds == delay
	assert decision.error_type == classify_error(error)


def test_a_type_may_have_its_own_base_delay():
	assert decide(TransientError(), 1, 5, lambda: 0.5, NOW, base_delay_seconds=5).delay_seconds == 10

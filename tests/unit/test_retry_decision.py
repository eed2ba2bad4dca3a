import builtins
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import frappe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs.errors import (
	PERMANENT,
	TRANSIENT,
	NotActiveError,
	PermanentError,
	TransientError,
	classify_error,
)
from dartwing.dartwing_core.background_jobs.execution.outcomes import describe
from dartwing.dartwing_core.background_jobs.execution.retry_decision import (
	LONGEST_RETRY_AFTER_SECONDS,
	Verdict,
	calculate_backoff,
	decide,
)

BaseExceptionGroup = getattr(builtins, "BaseExceptionGroup", None)
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
		(NotActiveError("x"), TRANSIENT),
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
	assert Verdict.of(error).seconds_to_wait(NOW) == seconds


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
	decision = decide(Verdict.of(error), retry_count, max_retries, random=lambda: 0.5, now=NOW)
	assert decision.delay_seconds == delay
	assert decision.error_type == classify_error(error)


def test_a_type_may_have_its_own_base_delay():
	assert (
		decide(Verdict.of(TransientError()), 1, 5, lambda: 0.5, NOW, base_delay_seconds=5).delay_seconds == 10
	)


# the classes of Frappe v15 and v16, one by one; docs/reference/errors.md says the same
OF_FRAPPE = {
	# somebody else was quicker, or the site is busy: trying again helps
	TRANSIENT: """
		TimestampMismatchError DocumentLockedError QueryDeadlockError QueryTimeoutError
		RetryBackgroundJobError TooManyRequestsError RateLimitExceededError QueueOverloaded
		ServiceUnavailableError SessionStopped InReadOnlyMode SessionBootFailed OutgoingEmailError
	""",
	# nobody can tell: unknown errors may pass
	"unknown": """
		CSRFTokenError CommandFailedError DatabaseModificationError DuplicateEntryError ExecutableNotFound
		FileAlreadyAttachedException FrappeTypeError ImproperDBConfigurationError IncorrectSitePath
		InvalidAuthorizationHeader InvalidAuthorizationPrefix InvalidAuthorizationToken
		InvalidRemoteException InvalidRoundingMethod NameError NotFound Redirect RequestToken
		SecurityException SiteNotSpecifiedError UnknownDomainError UnsupportedMediaType
		UrlSchemeNotSupported
	""",
	# the data, the permissions or the code say no, and will say so again
	PERMANENT: """
		AppNotInstalledError AttachmentLimitReached AuthenticationError CancelledLinkError
		CannotChangeConstantError CharacterLengthExceededError CircularLinkingError DataError
		DataTooLongException DocstatusTransitionError DocumentAlreadyRestored DoesNotExistError
		EmptyTableError ImplicitCommitError IncompatibleApp InvalidColumnName InvalidDatabaseFile
		InvalidDates InvalidEmailAddressError InvalidKeyError InvalidNameError InvalidPhoneNumberError
		InvalidSignatureError InvalidStatusError LinkExistsError LinkExpired LinkValidationError
		MandatoryError MappingMismatchError NonNegativeError PageDoesNotExistError PermissionError
		PrintFormatError SessionExpired TemplateNotFoundError TooManyWritesError UniqueValidationError
		UpdateAfterSubmitError ValidationError
	""",
}
DECIDED = {name: kind for kind, names in OF_FRAPPE.items() for name in names.split()}
CLASSES = {
	name: value
	for name, value in vars(frappe.exceptions).items()
	if isinstance(value, type) and issubclass(value, Exception)
}


def test_every_error_class_of_frappe_is_decided():
	assert set(CLASSES) - set(DECIDED) == set()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_errors_of_frappe_are_classified(name):
	# some want arguments of their own
	error = CLASSES[name].__new__(CLASSES[name])
	assert classify_error(error) == (PERMANENT if DECIDED[name] == PERMANENT else TRANSIENT)


def error_of_frappe(status: int) -> Exception:
	error = frappe.ValidationError("x")
	error.http_status_code = status
	return error


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_validation_error_whose_status_says_not_now_is_transient(status):
	assert classify_error(error_of_frappe(status)) == TRANSIENT


@pytest.mark.skipif(not BaseExceptionGroup, reason="Python 3.10 has no groups of errors")
@pytest.mark.parametrize(
	("errors", "expected"),
	[
		([ConnectionError("x"), TransientError("x")], TRANSIENT),
		([ConnectionError("x"), PermanentError("x")], PERMANENT),
		([KeyboardInterrupt(), TransientError("x")], TRANSIENT),
	],
)
def test_a_group_of_errors_is_permanent_as_soon_as_one_of_them_is(errors, expected):
	inner = BaseExceptionGroup("inner", errors)
	assert classify_error(BaseExceptionGroup("outer", [ZeroDivisionError(), inner])) == expected


@pytest.mark.skipif(not BaseExceptionGroup, reason="Python 3.10 has no groups of errors")
def test_a_group_of_errors_waits_as_long_as_the_one_that_asks_for_most():
	errors = [TransientError("x", retry_after=5), TransientError("x", retry_after=50), ValueError("x")]
	assert Verdict.of(BaseExceptionGroup("x", errors)).seconds_to_wait(NOW) == 50


class Locked(Exception):
	"""As errors of foreign libraries whose properties look into what is not there."""

	@property
	def response(self) -> None:
		raise RuntimeError

	retry_after = status_code = http_status_code = response


def test_an_error_whose_properties_raise_is_unknown_and_asks_for_no_wait():
	assert classify_error(Locked()) == TRANSIENT
	assert Verdict.of(Locked()).seconds_to_wait(NOW) is None


def test_the_exit_code_of_a_process_is_no_http_status():
	assert classify_error(SystemExit(401)) == TRANSIENT


def test_a_wait_that_no_number_holds_is_the_longest_one():
	assert Verdict.of(TransientError(retry_after=10**400)).seconds_to_wait(NOW) == LONGEST_RETRY_AFTER_SECONDS


@pytest.mark.parametrize(
	("error", "message"),
	[
		(ValueError("two words"), "two words"),
		(ValueError("word"), "ValueError: word"),
		(PermanentError("Refused"), "Refused"),
		(frappe.ValidationError("Refused"), "Refused"),
		(frappe.MandatoryError("[Person, x]: first_name"), "MandatoryError: [Person, x]: first_name"),
		(KeyError("a key of words"), "KeyError: 'a key of words'"),
		(SystemExit("the tool gave up"), "SystemExit: the tool gave up"),
		(ValueError("two words " * 1000), ("two words " * 1000).strip()),
		(TransientError(), "TransientError"),
	],
)
def test_a_message_says_what_happened(error, message):
	assert describe(error) == message

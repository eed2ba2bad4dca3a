"""Exception classes with Frappe v15's names, bases and HTTP status codes."""

from werkzeug.exceptions import NotFound


class ValidationError(Exception):
	http_status_code = 417


class FrappeTypeError(TypeError):
	http_status_code = 417


class AuthenticationError(Exception):
	http_status_code = 401


class PermissionError(Exception):
	http_status_code = 403


class DoesNotExistError(ValidationError):
	http_status_code = 404


class PageDoesNotExistError(ValidationError):
	http_status_code = 404


class NameError(Exception):
	http_status_code = 409


class DuplicateEntryError(NameError):
	pass


class SessionStopped(Exception):
	http_status_code = 503


class OutgoingEmailError(Exception):
	http_status_code = 501


class CSRFTokenError(Exception):
	http_status_code = 400


class InvalidAuthorizationToken(CSRFTokenError):
	pass


class TooManyRequestsError(Exception):
	http_status_code = 429


class RateLimitExceededError(ValidationError):
	http_status_code = 429


class InReadOnlyMode(ValidationError):
	http_status_code = 503


class Redirect(Exception):
	def __init__(self, http_status_code: int = 301):
		self.http_status_code = http_status_code


class IncorrectSitePath(NotFound):
	pass


class SecurityException(Exception):
	pass


class QueryTimeoutError(Exception):
	pass


class QueryDeadlockError(Exception):
	pass


class TooManyWritesError(Exception):
	pass


class RetryBackgroundJobError(Exception):
	pass


class LinkValidationError(ValidationError):
	pass


class DataError(ValidationError):
	pass


class MandatoryError(ValidationError):
	pass


class NonNegativeError(ValidationError):
	pass


class CannotChangeConstantError(ValidationError):
	pass


class CharacterLengthExceededError(ValidationError):
	pass


class TimestampMismatchError(ValidationError):
	pass


class LinkExistsError(ValidationError):
	pass


class InvalidEmailAddressError(ValidationError):
	pass


class InvalidNameError(ValidationError):
	pass


class InvalidPhoneNumberError(ValidationError):
	pass


class UniqueValidationError(ValidationError):
	pass


class AppNotInstalledError(ValidationError):
	pass


class ImplicitCommitError(ValidationError):
	pass


class DocumentLockedError(ValidationError):
	pass

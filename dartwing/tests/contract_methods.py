"""Methods that the contract's tests call over HTTP. They are whitelisted only where tests asked for it."""

import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import frappe
from frappe.rate_limiter import rate_limit


def whitelist(**options: Any) -> Callable:
	"""frappe.whitelist in a process that the tests started; elsewhere nobody can call these methods."""
	return frappe.whitelist(**options) if os.environ.get("DARTWING_TESTS") else lambda function: function


def not_whitelisted() -> str:
	return "reached"


@whitelist()
def echo(value: Any = None) -> Any:
	return value


@whitelist(allow_guest=True)
def for_guests() -> str:
	return frappe.session.user


@whitelist(methods=["POST"])
def only_post() -> str:
	return frappe.request.method


@whitelist(methods=["GET"])
def only_get() -> str:
	return frappe.request.method


@whitelist()
def typed(
	number: int = 0,
	text: str = "",
	flag: bool = False,
	mapping: dict | str | None = None,
	items: list | None = None,
) -> list:
	return [type(value).__name__ for value in (number, text, flag, mapping, items)]


@whitelist()
def required(name: str) -> str:
	return name


@whitelist()
def extra(**kwargs: Any) -> dict:
	return kwargs


@whitelist()
def values() -> dict:
	return {
		"datetime": datetime(2026, 11, 22, 10, 0, 0, 5),
		"date": date(2026, 11, 22),
		"decimal": Decimal("1.50"),
		"timedelta": timedelta(hours=1, minutes=2),
		"none": None,
		"dict": frappe._dict(a=1),
	}


@whitelist()
def write(title: str) -> str:
	return frappe.get_doc({"doctype": "Contract Item", "title": title}).insert(ignore_permissions=True).name


@whitelist()
def write_and_raise(title: str) -> None:
	write(title)
	raise ZeroDivisionError(title)


class TeapotError(frappe.ValidationError):
	http_status_code = 418


ERRORS = {
	"teapot": TeapotError,
	**{
		name: getattr(frappe, name)
		for name in (
			"ValidationError",
			"PermissionError",
			"DoesNotExistError",
			"DuplicateEntryError",
			"MandatoryError",
			"LinkValidationError",
			"AuthenticationError",
			"TooManyRequestsError",
			"RateLimitExceededError",
		)
	},
}


@whitelist()
def fail(error: str) -> None:
	frappe.throw("It <b>failed</b>", ERRORS[error], title="A title")


@whitelist()
def fail_silently(error: str) -> None:
	raise ERRORS[error]("raised, not thrown")


@whitelist()
def choose_status(code: int) -> str:
	frappe.response["http_status_code"] = int(code)
	return "body"


@whitelist()
def shape_response() -> None:
	frappe.response["error"] = "shaped"
	frappe.response["http_status_code"] = 409


@whitelist()
def tell() -> None:
	frappe.msgprint("Something to know")


@whitelist()
def download() -> None:
	frappe.response["type"] = "download"
	frappe.response["filename"] = "contract.txt"
	frappe.response["filecontent"] = b"contents"


@whitelist()
def publish_and_raise(user: str) -> None:
	frappe.publish_realtime("contract_at_once", {"n": 1}, user=user)
	frappe.publish_realtime("contract_later", {"n": 2}, user=user, after_commit=True)
	raise ZeroDivisionError


@whitelist(allow_guest=True)
@rate_limit(limit=2, seconds=60 * 60)
def limited_by_address() -> str:
	return "passed"


@whitelist(allow_guest=True)
@rate_limit(key="who", limit=2, seconds=60 * 60, ip_based=False)
def limited_by_argument(who: str) -> str:
	return who


@whitelist(allow_guest=True)
@rate_limit(limit=1, seconds=60 * 60, methods=["POST"])
def limited_for_post() -> str:
	return "passed"

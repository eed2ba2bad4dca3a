"""Headers of a request that say what an argument says."""

import re

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument

IDEMPOTENCY_KEY = "Idempotency-Key"
# a String of RFC 9651, as draft-ietf-httpapi-idempotency-key-header wants it
QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


def idempotency_key(argument: str | None) -> str | None:
	"""The key that the argument or the header says; raises ValidationError when they differ.

	The header is taken with and without the quotes that its standard wants.
	"""
	header = _header()
	if argument is not None and header is not None and header != argument:
		reason = _("{0} is not what the header {1} says: {2}")
		refuse_argument("idempotency_key", reason.format(repr(argument), IDEMPOTENCY_KEY, repr(header)))
	return header if argument is None else argument


def refuse_idempotency_key(what_to_do: str) -> None:
	"""For an endpoint that would leave the header out of account."""
	if _header() is not None:
		refuse_argument(IDEMPOTENCY_KEY, what_to_do)


def _header() -> str | None:
	value = frappe.get_request_header(IDEMPOTENCY_KEY) if frappe.request else None
	quoted = QUOTED.fullmatch(value) if value else None
	return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value

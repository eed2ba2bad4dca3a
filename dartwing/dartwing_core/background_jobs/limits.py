"""What a submission must respect: the size and identity of its parameters, rate and queue limits, windows."""

import hashlib
import json
from datetime import datetime
from math import ceil
from typing import Any, NoReturn

import frappe
from frappe import _
from frappe.utils import add_to_date, now_datetime

from dartwing.dartwing_core.background_jobs.config import MAX_PARAMETERS_BYTES
from dartwing.dartwing_core.background_jobs.errors import (
	QueueFullError,
	RateLimitExceededError,
	refuse_argument,
)
from dartwing.dartwing_core.doctype.background_job.background_job import PENDING
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting


def generate_job_hash(job_type: str, organization: str, params: dict[str, Any] | None) -> str:
	"""64 hex digits, equal for equal jobs: independent of key order, stable for dates and Decimals."""
	return hash_of(job_type, organization, serialize_parameters(params, "params"))


def hash_of(job_type: str, organization: str, serialized_parameters: str) -> str:
	identity = json.dumps([job_type, organization, serialized_parameters])
	return hashlib.sha256(identity.encode()).hexdigest()


def serialize_parameters(parameters: dict[str, Any] | None, argument: str = "parameters") -> str:
	"""Compact JSON with sorted keys, at most 1 MiB; None is `{}`.

	Raises frappe.ValidationError that names the argument when it is no JSON object or too large.
	"""
	if parameters is None:
		parameters = {}
	if not isinstance(parameters, dict):
		refuse_argument(argument, _("must be a JSON object, not {0}").format(type(parameters).__name__))
	text = to_json(parameters, argument)
	size = len(text.encode())
	if size > MAX_PARAMETERS_BYTES:
		reason = _("{0} bytes of JSON, at most {1} are allowed; put large data in a File").format(
			size, MAX_PARAMETERS_BYTES
		)
		refuse_argument(argument, reason)
	return text


def to_json(value: Any, argument: str) -> str:
	"""Compact JSON with sorted keys; dates and Decimals as Frappe writes them, NaN and the like refused."""
	try:
		text = frappe.as_json(value, indent=None, separators=(",", ":"))
		json.loads(text, parse_constant=_refuse_constant)
	except (TypeError, ValueError, RecursionError) as error:
		refuse_argument(argument, _("cannot be stored as JSON: {0}").format(error))
	return text


def _refuse_constant(name: str) -> NoReturn:
	raise ValueError(_("{0} is no JSON value").format(name))


def window_of(organization: str) -> int:
	"""How many jobs of the organization may be Queued or Running at the same time."""
	return _limit(organization, "override_job_window", "job_window", "organization_window")


def check_queue_limit(organization: str, new_jobs: int) -> None:
	"""Raise QueueFullError when the organization's waiting jobs and the new ones are over its limit."""
	limit = _limit(organization, "override_queue_limit", "queue_limit", "queue_limit")
	waiting = frappe.db.count("Background Job", {"organization": organization, "status": PENDING})
	if waiting + new_jobs > limit:
		frappe.throw(
			_("Queue full: {0} jobs of {1} wait and at most {2} may; try again when some have run").format(
				waiting, repr(organization), limit
			),
			QueueFullError,
		)


def check_rate_limit(job_type: frappe._dict, organization: str, new_jobs: int) -> None:
	"""Raise RateLimitExceededError when the organization has used up the type's window."""
	if not job_type.rate_limit:
		return
	now = now_datetime()
	window = {
		"job_type": job_type.name,
		"organization": organization,
		"creation": (">", add_to_date(now, seconds=-job_type.rate_limit_window)),
	}
	submitted = frappe.db.count("Background Job", window)
	if submitted + new_jobs <= job_type.rate_limit:
		return
	reason = _("Rate limit: {0} allows {1} jobs of one organization in {2} seconds, {3} has submitted {4}")
	raise RateLimitExceededError(
		reason.format(
			repr(job_type.name),
			job_type.rate_limit,
			job_type.rate_limit_window,
			repr(organization),
			submitted,
		),
		_seconds_until_room(window, job_type, new_jobs, now),
	)


def _seconds_until_room(window: dict[str, Any], job_type: frappe._dict, new_jobs: int, now: datetime) -> int:
	"""When enough submissions have left the window; the whole window for more jobs than it ever takes."""
	newest_to_leave = frappe.get_all(
		"Background Job",
		window,
		pluck="creation",
		order_by="creation desc",
		limit_start=max(0, job_type.rate_limit - new_jobs),
		limit_page_length=1,
	)
	if new_jobs > job_type.rate_limit or not newest_to_leave:
		return job_type.rate_limit_window
	age = (now - newest_to_leave[0]).total_seconds()
	return max(1, ceil(job_type.rate_limit_window - age))


def _limit(organization: str, switch: str, field: str, default: str) -> int:
	overridden, value = frappe.get_cached_value("Organization", organization, [switch, field]) or (0, 0)
	return value if overridden else setting(default)

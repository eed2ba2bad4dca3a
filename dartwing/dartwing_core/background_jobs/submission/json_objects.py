"""JSON that jobs carry (parameters, results, checkpoints), and the hash of a job's parameters."""

import hashlib
import json
from typing import Any, NoReturn

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.config import MAX_JSON_LEVELS
from dartwing.dartwing_core.background_jobs.errors import refuse_argument, too_deep
from dartwing.dartwing_core.background_jobs.parameters.problems import too_large


def generate_job_hash(
	job_type: str, organization: str, params: dict[str, Any] | None, owner: str | None = None
) -> str:
	"""64 hex digits, equal for equal jobs: independent of key order, stable for dates and Decimals.

	`owner` is that of a job whose type says that only jobs of the same owner are equal.
	"""
	return hash_of(job_type, organization, serialize_parameters(params, "params"), owner)


def hash_of(job_type: str, organization: str, serialized_parameters: str, owner: str | None = None) -> str:
	identity = json.dumps([job_type, organization, serialized_parameters, *([owner] if owner else [])])
	return hashlib.sha256(identity.encode()).hexdigest()


def serialize_parameters(parameters: dict[str, Any] | None, argument: str = "parameters") -> str:
	"""Compact JSON with sorted keys, at most 1 MiB; None is `{}`.

	Raises frappe.ValidationError that names the argument when it is no JSON object or too large.
	"""
	check_is_object(parameters, argument)
	text = to_json({} if parameters is None else parameters, argument)
	reason = too_large(len(text.encode()))
	if reason:
		refuse_argument(argument, reason)
	return text


def check_is_object(parameters: Any, argument: str) -> None:
	if not isinstance(parameters, dict | None):
		refuse_argument(argument, _("must be a JSON object, not {0}").format(type(parameters).__name__))


def to_json(value: Any, argument: str) -> str:
	"""Compact JSON with sorted keys; dates and Decimals as Frappe writes them, NaN and the like refused."""
	try:
		text = frappe.as_json(value, indent=None, separators=(",", ":"))
		parsed = json.loads(text, parse_constant=_refuse_constant)
	except RecursionError:
		refuse_argument(argument, too_deep())
	except (TypeError, ValueError, AttributeError, LookupError) as error:
		refuse_argument(argument, _("cannot be stored as JSON: {0}").format(error))
	if not texts.is_unicode(text):
		refuse_argument(argument, _("is not valid Unicode"))
	if text.count("{") + text.count("[") > MAX_JSON_LEVELS and _is_too_deep(parsed):
		refuse_argument(argument, too_deep())
	return text


def from_json(text: str | None) -> Any:
	"""The value that `to_json` stored, with large integers exact, which Frappe v16's own reader makes floats.

	An object is a `frappe._dict`; no text is None.
	"""
	value = json.loads(text) if text else None
	return frappe._dict(value) if isinstance(value, dict) else value


def _is_too_deep(parsed: Any) -> bool:
	level = [parsed]
	for _number in range(MAX_JSON_LEVELS + 1):
		containers = [one for one in level if isinstance(one, dict | list)]
		level = [child for one in containers for child in (one.values() if isinstance(one, dict) else one)]
	return bool(containers)


def _refuse_constant(name: str) -> NoReturn:
	raise ValueError(_("{0} is no JSON value").format(name))

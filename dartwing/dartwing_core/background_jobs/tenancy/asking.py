"""Whether this code runs because a user asked for it: then what that user may not do is refused.

A request can put off what it asks for: Frappe queues a change of many documents, an import, a report, and
does it in a worker, as the user who asked. There is no request then, and all the same it is theirs. A job of
this engine is not of that kind: it runs a handler, which is the code of an app.
"""

import json
from collections.abc import Iterator
from typing import Any

import frappe

# what a wake-up calls
EXECUTE_JOB = "dartwing.dartwing_core.background_jobs.executor.execute_job"


def is_asked() -> bool:
	"""Whether this is done in a request, or in a job of Frappe's queue for who is no System Manager."""
	return is_in_a_request() or is_asked_by_a_member()


def is_asked_by_a_member(*roles: str) -> bool:
	"""As `is_asked`, for somebody who has none of the roles, nor System Manager."""
	return (is_in_a_request() or is_in_a_job_of_frappes()) and not is_a_system_managers(*roles)


def is_in_a_request() -> bool:
	return bool(getattr(frappe.local, "request", None))


def is_said(text: str) -> bool:
	"""Whether the request says this, in its address or anywhere in its arguments; true of who sent none."""
	if not is_in_a_request():
		return True
	sent = [frappe.local.request.path, frappe.local.form_dict or {}]
	return any(text.casefold() in one.casefold() for one in texts_in(sent))


def texts_in(value: Any) -> Iterator[str]:
	"""All texts, and those in the JSON that a text may be."""
	if isinstance(value, dict):
		for key, one in value.items():
			yield from (*texts_in(key), *texts_in(one))
	elif isinstance(value, list | tuple):
		for one in value:
			yield from texts_in(one)
	elif value is not None:
		yield str(value)
		if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
			yield from texts_in(read(value))


def read(text: str) -> Any:
	try:
		return json.loads(text)
	except (ValueError, RecursionError):
		return None


def is_in_a_job_of_frappes() -> bool:
	job = getattr(frappe.local, "job", None)
	return job is not None and job.method != EXECUTE_JOB


def is_a_system_managers(*roles: str) -> bool:
	"""Whether the session's user has one of the roles, or System Manager."""
	return bool({*roles, "System Manager"} & set(frappe.get_roles()))

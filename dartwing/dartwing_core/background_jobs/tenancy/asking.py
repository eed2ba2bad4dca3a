"""Whether this code runs because a user asked for it: then what that user may not do is refused.

A request can put off what it asks for: Frappe queues a change of many documents, an import, a report, and
does it in a worker, as the user who asked. There is no request then, and all the same it is theirs. A job of
this engine is not of that kind: it runs a handler, which is the code of an app.
"""

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


def is_in_a_job_of_frappes() -> bool:
	job = getattr(frappe.local, "job", None)
	return job is not None and job.method != EXECUTE_JOB


def is_a_system_managers(*roles: str) -> bool:
	"""Whether the session's user has one of the roles, or System Manager."""
	return bool({*roles, "System Manager"} & set(frappe.get_roles()))

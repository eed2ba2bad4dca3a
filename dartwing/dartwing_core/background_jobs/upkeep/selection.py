"""One action for all jobs that a list's filters match, a batch at a time. Nothing here commits."""

from collections.abc import Callable, Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import framework, texts
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_jobs
from dartwing.dartwing_core.background_jobs.dispatch.many_jobs import answer
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.comparisons import shown
from dartwing.dartwing_core.background_jobs.tenancy.conditions import (
	Condition,
	readable_conditions,
	readable_value,
)
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter
from dartwing.dartwing_core.doctype.background_job.background_job import DEAD_LETTER, UNFINISHED

BATCH = 100
# statuses of the jobs that an action is for
APPLIES_TO = {"cancel": UNFINISHED, "retry": (DEAD_LETTER,), "discard": (DEAD_LETTER,)}


def act(action: str, job_ids: Sequence[str], reason: str | None = None) -> dict[str, Any]:
	"""Cancel, retry or discard at most 100 jobs: `{"done": [ids], "refused": {id: why}}`."""
	_check_action(action)
	for place, job_id in enumerate(job_ids):
		if not isinstance(job_id, str):
			refuse_argument(f"job_ids[{place}]", _("must be a text, not {0}").format(shown(job_id)))
		if not texts.is_storable(job_id):
			refuse_argument(f"job_ids[{place}]", _("is not valid Unicode"))
	if len(job_ids) > BATCH:
		refuse_argument("job_ids", _("at most {0} at once, not {1}").format(BATCH, len(job_ids)))
	actions: dict[str, Callable[[], dict[str, Any]]] = {
		"cancel": lambda: answer(*cancel_jobs(job_ids)),
		"retry": lambda: dead_letter.retry_jobs(job_ids),
		"discard": lambda: dead_letter.discard_jobs(reason or "", job_ids),
	}
	return actions[action]()


def count(action: str, filters: Any) -> dict[str, Any]:
	"""`{jobs, until}`: how many jobs that the user sees match and are in a status that the action is for.

	`until` goes to `act_on_next`, so that what is submitted after the question is not touched.
	"""
	until = str(times.site_now())
	jobs = framework.count_readable("Background Job", _narrowed(action, filters, until))
	return {"jobs": jobs, "until": until}


def act_on_next(
	action: str, filters: Any, until: str, after: list[str] | None = None, reason: str | None = None
) -> dict[str, Any]:
	"""As `act`, for the next 100 jobs that match, oldest first: `{done, refused, after}`.

	`after` is what the batch before returned; in the answer it is None when nothing is left.
	"""
	wanted = _narrowed(action, filters, until)
	beyond: list[Condition] = []
	if after:
		created, name = _position(after)
		wanted.append(["creation", ">=", created])
		beyond = [["creation", ">", created], ["name", ">", name]]
	batch = frappe.get_list(
		"Background Job",
		filters=wanted,
		or_filters=beyond,
		fields=["name", "creation"],
		order_by="creation asc, name asc",
		limit=BATCH,
	)
	result = act(action, [job.name for job in batch], reason)
	is_over = len(batch) < BATCH
	return {**result, "after": None if is_over else [str(batch[-1].creation), batch[-1].name]}


def _narrowed(action: str, filters: Any, until: str) -> list[Condition]:
	_check_action(action)
	until = readable_value("Background Job", "creation", until, "until")
	wanted = readable_conditions("Background Job", filters)
	return [*wanted, ["status", "in", APPLIES_TO[action]], ["creation", "<=", until]]


def _position(after: Any) -> Condition:
	"""When the last job of the batch before was created, and its id."""
	if not isinstance(after, list) or len(after) != 2:
		refuse_argument("after", _("must be what the batch before returned"))
	fields = ("creation", "name")
	return [
		readable_value("Background Job", field, value, f"after[{place}]")
		for place, (field, value) in enumerate(zip(fields, after, strict=True))
	]


def _check_action(action: str) -> None:
	if action not in APPLIES_TO:
		refuse_argument("action", _("{0} is none of {1}").format(repr(action), ", ".join(APPLIES_TO)))

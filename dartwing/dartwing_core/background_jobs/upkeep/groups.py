"""One action for all jobs of a group. Nothing here commits."""

from collections.abc import Sequence
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import committed_reads
from dartwing.dartwing_core.background_jobs.dispatch.cancellation import cancel_allowed
from dartwing.dartwing_core.background_jobs.dispatch.many_jobs import Refusals, answer
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.statuses import DEAD_LETTER, UNFINISHED
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.upkeep import dead_letter
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob


def cancel_group(group_id: str) -> dict[str, Any]:
	"""Cancel the unfinished jobs of a group, as its owner or as an admin: at once for everyone who looks.

	`{"done": [ids], "refused": {id: why}, "left": n}`: one call handles 10,000, the oldest; `left` says how
	many more there are, for which to call again. Raises DoesNotExistError for a group that the user cannot
	see, PermissionError for one that is neither theirs nor theirs to administer.
	"""
	group = access.check_visible_group(group_id)
	if not access.can_cancel(group):
		refuse_argument("group_id", _("only its owner or an admin may cancel it"), frappe.PermissionError)
	done: list[BackgroundJob] = []
	refused: Refusals = {}
	# a job that was running may have submitted others until its row was locked
	while members := _unfinished(group.name, [*(job.name for job in done), *refused]):
		room = config.MAX_BULK_CHANGE - len(done) - len(refused)
		if not room:
			break
		canceled, ended = cancel_allowed(members[:room])
		done, refused = done + canceled, {**refused, **ended}
	return {**answer(done, refused), "left": len(members)}


def _unfinished(group: str, but_not: Sequence[str]) -> list[str]:
	"""The unfinished members, the oldest first, as they are committed now."""
	others = {"job_group": group, "status": ("in", UNFINISHED), "name": ("not in", [*but_not, ""])}
	with committed_reads():
		return frappe.get_all("Background Job", others, order_by="creation asc", limit=0, pluck="name")


def retry_group(group_id: str, begin_anew: bool = False) -> dict[str, Any]:
	"""Retry the dead letters of a group, as `retry_jobs`; the group is Running again.

	Raises DoesNotExistError as `cancel_group`, PermissionError for who does not administer its organization.
	"""
	members, left = _members(_administered(group_id), (DEAD_LETTER,))
	return {**dead_letter.retry_jobs(members, begin_anew=begin_anew), "left": left}


def discard_group(group_id: str, reason: str) -> dict[str, Any]:
	"""Discard the dead letters of a group, as `discard_jobs`; errors as for `retry_group`."""
	members, left = _members(_administered(group_id), (DEAD_LETTER,))
	return {**dead_letter.discard_jobs(reason, members), "left": left}


def _administered(group_id: str) -> str:
	group = access.check_visible_group(group_id)
	if not access.is_admin(group.organization):
		reason = _("only an admin of {0} may do this").format(group.organization)
		refuse_argument("group_id", reason, frappe.PermissionError)
	return group.name


def _members(group: str, statuses: tuple[str, ...]) -> tuple[list[str], int]:
	"""The oldest members of these statuses, as many as one call handles, and how many more there are."""
	filters = {"job_group": group, "status": ("in", statuses)}
	most = config.MAX_BULK_CHANGE
	members = frappe.get_all("Background Job", filters, order_by="creation asc", limit=most, pluck="name")
	left = frappe.db.count("Background Job", filters) - len(members) if len(members) == most else 0
	return members, left

"""Groups of jobs for the tests, each made with its jobs in one transaction."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import frappe
from factories import OBLIGING, World, acting_as, submit_as

from dartwing.dartwing_core.background_jobs import submit_jobs
from dartwing.dartwing_core.background_jobs.groups import rows
from dartwing.dartwing_core.background_jobs.submission import acceptance, direct_dispatch


def submit_group(
	members: int = 2,
	user: str = World.alice,
	organization: str = World.alpha,
	with_on_end: bool = False,
	title: str = "a group",
	job_type: str = OBLIGING,
	**parameters: Any,
) -> tuple[str, list[str], str | None]:
	"""Commit a group; returns its name, the ids of its members and of its job at the end."""
	parameters.setdefault("mode", "succeed")
	with acting_as(user):
		on_end = _waiting_job(organization) if with_on_end else None
		group = rows.create(title, organization, user, on_end)
		jobs = [
			{"job_type": job_type, "organization": organization, "parameters": {**parameters, "n": n}}
			for n in range(members)
		]
		names = [job.name for job in _submit_as_members(jobs, group)]
		frappe.db.commit()
	return group, names, on_end


def _submit_as_members(jobs: Sequence[dict[str, Any]], group: str | None, **values: Any) -> list[Any]:
	insert = acceptance._insert

	def insert_members(new, *arguments):
		for job in new:
			job.update({"job_group": group, **values})
		return insert(new, *arguments)

	with patch.object(acceptance, "_insert", insert_members):
		return submit_jobs(jobs)


def _waiting_job(organization: str) -> str:
	"""A Pending job that nothing but the end of a group lets go on."""
	with patch.object(direct_dispatch, "has_slot", return_value=False):
		job = {"job_type": OBLIGING, "organization": organization, "parameters": {"mode": "succeed"}}
		(waiting,) = _submit_as_members([job], None, ready_at=None)
	return waiting.name


def add_member(group: str, **parameters: Any) -> str:
	"""Commit a further member of a group."""
	job = submit_as(World.alice, OBLIGING, World.alpha, {"mode": "succeed", **parameters})
	frappe.db.set_value("Background Job", job.name, "job_group", group, update_modified=False)
	frappe.db.commit()
	return job.name


def status_of(group: str) -> str:
	"""The group's status as it is committed now."""
	return row_of(group).status


def row_of(group: str) -> Any:
	frappe.db.rollback()
	fields = ["status", "ended_at", "on_end_job", "organization"]
	return frappe.db.get_value("Job Group", group, fields, as_dict=True)

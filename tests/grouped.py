"""Groups of jobs for the tests, each made with its jobs in one transaction."""

from typing import Any

import frappe
from factories import OBLIGING, World, acting_as, submit_as

from dartwing.dartwing_core.background_jobs import Flow, Job
from dartwing.dartwing_core.background_jobs.groups import rows
from dartwing.dartwing_core.background_jobs.submission.flows import SubmittedFlow


def submit_flow(flow: Flow, user: str = World.alice, organization: str = World.alpha) -> SubmittedFlow:
	"""Commit a flow of the user's."""
	with acting_as(user):
		made = flow.submit(organization)
		frappe.db.commit()
	return made


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
	jobs = [Job(job_type, {**parameters, "n": number}) for number in range(members)]
	flow = Flow(title, jobs, on_end=Job(OBLIGING, {"mode": "succeed"}) if with_on_end else None)
	made = submit_flow(flow, user, organization)
	return made.group_id, [job.name for job in made.jobs], made.on_end and made.on_end.name


def empty_group(user: str, organization: str) -> str:
	"""Commit a group that has no member yet."""
	name = rows.new_id()
	rows.create(name, "a group", organization, user)
	frappe.db.commit()
	return name


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

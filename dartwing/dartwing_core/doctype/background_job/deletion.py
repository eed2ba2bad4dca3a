"""Deleting jobs, with all that they have left behind."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.database import held_rows, job_files, times
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored
from dartwing.dartwing_core.background_jobs.statuses import FINAL, STATUSES
from dartwing.dartwing_core.doctype.job_dependency import job_dependency
from dartwing.dartwing_core.doctype.job_tally import job_tally


def delete_old_jobs(days: int) -> int:
	"""Delete final jobs that ended more than `days` days ago, with logs and files; 0 deletes nothing.

	Members of a group go with it, when the group ended so long ago and has no dead letter among them. What
	another transaction holds stays until the next time. Commits each batch, so that no lock is held for long.
	Returns how many jobs went.
	"""
	if not days:
		return 0
	ended_before = times.site_now() - timedelta(days=days)
	deleted = sum(map(_delete_batch, _old_jobs(ended_before)))
	for groups in _old_groups(ended_before):
		deleted += sum(map(_delete_batch, _members(groups)))
		_delete_groups(groups)
	return deleted


def _delete_batch(job_ids: Sequence[str]) -> int:
	with snapshot_ignored():
		delete_traces(job_ids)
	held_rows.delete("Background Job", job_ids)
	# a batch is small, its locks must not outlive it
	frappe.db.commit()
	return len(job_ids)


def _delete_groups(names: Sequence[str]) -> None:
	"""Those whose members are gone."""
	with_members = frappe.get_all(
		"Background Job", {"job_group": ("in", names)}, pluck="job_group", distinct=True, order_by=None
	)
	gone = held_rows.take_free("Job Group", [name for name in names if name not in with_members])
	held_rows.delete("Job Group", gone)
	frappe.db.commit()


def delete_traces(job_ids: Sequence[str]) -> None:
	"""What jobs that are about to be deleted have left: files, their part of the sums, parents, steps, logs."""
	job_files.delete_files_of(job_ids)
	job_tally.forget(job_ids)
	job_dependency.forget(job_ids)
	frappe.db.delete("Job Step", {"background_job": ("in", job_ids)})
	frappe.db.delete("Job Log Part", {"background_job": ("in", job_ids)})
	frappe.db.delete("Job Execution Log", {"background_job": ("in", job_ids)})


def _old_jobs(ended_before: datetime) -> Iterator[list[str]]:
	"""Jobs of no group, in batches; each batch must be gone when the next one is asked for.

	It begins where the last one ended: before that there may be any number of members of groups that stay.
	"""
	for status in FINAL:
		filters = [
			["status", "=", status],
			["modified", "<", ended_before],
			["job_group", "is", "not set"],
		]
		since: list[list] = []
		while batch := frappe.get_all(
			"Background Job",
			[*filters, *since],
			["name", "modified"],
			order_by="modified asc",
			limit=int(config.get("batch_size")),
		):
			free = held_rows.take_free("Background Job", [job.name for job in batch])
			if not free:
				break
			yield free
			since = [["modified", ">=", batch[-1].modified]]


def _old_groups(ended_before: datetime) -> Iterator[list[str]]:
	"""In batches. None has a member that must be kept."""
	query = """select name, ended_at from `tabJob Group` job_group
		where ended_at < %(before)s and ended_at >= %(since)s and (ended_at, name) > (%(since)s, %(last)s)
		and not exists (
			select 1 from `tabBackground Job` where job_group = job_group.name and status in %(kept)s limit 1
		) order by ended_at, name limit %(limit)s"""
	kept = [status for status in STATUSES if status not in FINAL]
	values = {"before": ended_before, "kept": kept, "limit": int(config.get("batch_size"))}
	values |= {"since": "1000-01-01", "last": ""}
	while groups := frappe.db.sql(query, values):
		yield [name for name, _ended_at in groups]
		values["last"], values["since"] = groups[-1]


def _members(groups: Sequence[str]) -> Iterator[list[str]]:
	"""The members of these groups, in batches; each must be gone when the next one is asked for."""
	members = {"job_group": ("in", groups)}
	size = int(config.get("batch_size"))
	while batch := held_rows.take_free(
		"Background Job", frappe.get_all("Background Job", members, order_by=None, limit=size, pluck="name")
	):
		yield batch

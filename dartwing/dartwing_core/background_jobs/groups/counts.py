"""How many members groups have, and how far they are: counted, never stored."""

from collections.abc import Sequence
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.statuses import FINISHED, RUNNING


def of(names: Sequence[str]) -> dict[str, dict[str, Any]]:
	"""`{job_count, count_by_status, ended, progress}` of each group, in one statement.

	`progress` is in percent: a member that ended counts whole, one that runs as far as it is.
	"""
	if not names:
		return {}
	found = frappe.db.sql(
		"""select job_group, status, count(*), 0 from `tabBackground Job`
		where job_group in %(names)s group by job_group, status
		union all
		select job_group, null, 0, sum(progress) from `tabBackground Job`
		where job_group in %(names)s and status = %(running)s group by job_group""",
		{"names": list(names), "running": RUNNING},
	)
	return {name: _of_one([row[1:] for row in found if row[0] == name]) for name in names}


def _of_one(found: Sequence[tuple[str | None, int, float]]) -> dict[str, Any]:
	by_status = {status: jobs for status, jobs, _progress in found if status}
	jobs, ended = sum(by_status.values()), sum(by_status.get(status, 0) for status in FINISHED)
	done = 100 * ended + float(sum(progress or 0 for _status, _jobs, progress in found))
	return {
		"job_count": jobs,
		"count_by_status": by_status,
		"ended": ended,
		"progress": round(done / jobs, 2) if jobs else 0.0,
	}

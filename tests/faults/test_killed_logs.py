"""kill -9 while lines are written: what was written stays and is whole, and the next attempt has its own."""

import frappe
import pytest
from factories import state, submit, wait_until
from processes import ticking

from dartwing.dartwing_core.background_jobs import get_job_log

LINES = 6
# at the second writing: whether its lines are there when the process dies
POINTS = {
	"before lines are written": ("before execution.attempt_log.is_full", False),
	"before they are told": ("before execution.attempt_log.publish_job_log 2", True),
}

pytestmark = pytest.mark.usefixtures("impatient", "_clean")


def numbers_of(job_id: str, attempt: int) -> list[int]:
	frappe.db.rollback()
	return [line["line"] for line in get_job_log(job_id, attempt=attempt)["lines"]]


@pytest.mark.parametrize(("point", "are_there"), POINTS.values(), ids=POINTS.keys())
def test_what_was_written_stays(world, processes, tick, point, are_there):
	worker = processes.stopped_worker(point)
	job = submit(mode="log_lines", how="one_now_and_then", lines=LINES, seconds=0.5)
	worker.kill_horse()
	kept = numbers_of(job.name, attempt=1)
	assert kept == list(range(1, len(kept) + 1))
	# a writing has the lines of a second
	assert len(kept) > 2 if are_there else 0 < len(kept) <= 3
	wait_until(ticking(lambda: state(job.name)["status"] == "Completed", tick), "the job runs again")
	assert numbers_of(job.name, attempt=1) == kept
	assert numbers_of(job.name, attempt=2) == list(range(1, LINES + 1))

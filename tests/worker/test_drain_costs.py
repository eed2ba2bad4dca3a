"""What a job costs in the middle of a drain: counted in the horse of a stock worker, held to its budget."""

import json
from pathlib import Path
from statistics import median

import frappe
import pytest
from factories import submit

JOBS = 45
# a drain begins and ends with more
IN_THE_MIDDLE = slice(10, 40)


@pytest.fixture
def costs(world, runtime, tmp_path) -> list[dict]:
	"""What was sent from one handler to the next: lists of statements and round trips, opened connections."""
	names = [submit(n=number).name for number in range(JOBS)]
	counts, log = tmp_path / "counts", tmp_path / "worker.log"
	script = Path(__file__).parent / "counting_worker.py"
	assert runtime.spawn_script(script, log=log, COUNTS=str(counts)).wait(60) == 0, log.read_text()
	frappe.db.rollback()
	assert frappe.db.count("Background Job", {"name": ("in", names), "status": "Completed"}) == JOBS
	counted = [json.loads(line) for line in counts.read_text().splitlines()]
	assert len(counted) == JOBS
	return counted[IN_THE_MIDDLE]


def test_a_drained_job_that_does_nothing(costs):
	"""What is done once in a while, for many jobs, is not in the median: an order, an errand."""
	commits = [[text for text in job["statements"] if text.lower() == "commit"] for job in costs]
	assert median(len(job["statements"]) for job in costs) <= 8, costs[0]["statements"]
	assert median(map(len, commits)) <= 1
	# the event, and on a bench Frappe's question for each job whether its recorder is on
	assert median(len(job["round_trips"]) for job in costs) <= 2, costs[0]["round_trips"]
	assert sum(job["connections"] for job in costs) / len(costs) <= 0.05

"""What a job costs in the middle of a drain: counted in the horse of a stock worker, held to its budget."""

import json
from pathlib import Path
from statistics import median

import frappe
import pytest
from factories import World, make_job_type, submit, submit_as
from grouped import submit_group
from runtimes.base import Runtime

JOBS = 45
STATEMENTS = 8
# a drain begins and ends with more
IN_THE_MIDDLE = slice(10, 40)


# what the end of a member costs more than that of a lone job
OF_A_GROUP = 2
# what the claim of a limited job costs more: the lock with the counts, and its release; of a paced one, also
# the row of its start
OF_A_LIMIT = 2
OF_A_PACE = 3


@pytest.fixture
def costs(world, runtime, tmp_path) -> list[dict]:
	return drained([submit(n=number).name for number in range(JOBS)], runtime, tmp_path)


@pytest.fixture
def costs_of_members(window, runtime, tmp_path) -> list[dict]:
	window(JOBS)
	_group, members, _on_end = submit_group(JOBS)
	return drained(members, runtime, tmp_path)


def drained(names: list[str], runtime: Runtime, tmp_path: Path) -> list[dict]:
	"""What was sent from one handler to the next: lists of statements and round trips, opened connections."""
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
	assert median(len(job["statements"]) for job in costs) <= STATEMENTS, costs[0]["statements"]
	assert median(map(len, commits)) <= 1
	# the event, and on a bench Frappe's question for each job whether its recorder is on
	assert median(len(job["round_trips"]) for job in costs) <= 2, costs[0]["round_trips"]
	assert sum(job["connections"] for job in costs) / len(costs) <= 0.05


def test_a_drained_member_of_a_group(costs_of_members):
	costs = costs_of_members
	about_groups = [
		[text for text in job["statements"] if "tabJob Group" in text or "job_group = " in text]
		for job in costs
	]
	assert median(map(len, about_groups)) == OF_A_GROUP, about_groups[0]
	assert median(len(job["statements"]) for job in costs) <= STATEMENTS + OF_A_GROUP, costs[0]["statements"]
	assert sum(job["connections"] for job in costs) / len(costs) <= 0.05


@pytest.mark.parametrize(
	("limits", "more"),
	[
		({"max_running_in_organization": JOBS, "max_running_on_site": JOBS}, OF_A_LIMIT),
		({"max_running_per_value": JOBS, "limited_parameter": "customer"}, OF_A_LIMIT),
		({"start_limit": JOBS, "start_limit_window": 3600}, OF_A_PACE),
	],
	ids=["organization", "value", "pace"],
)
def test_a_drained_limited_job(world, window, runtime, tmp_path, limits, more):
	window(JOBS)
	make_job_type("limited_job", **limits)
	frappe.db.commit()
	parameters = {"mode": "succeed", "customer": "one"}
	names = [
		submit_as(World.alice, "limited_job", World.alpha, {**parameters, "n": number}).name
		for number in range(JOBS)
	]
	costs = drained(names, runtime, tmp_path)
	assert median(len(job["statements"]) for job in costs) <= STATEMENTS + more, costs[0]["statements"]
	assert median(len(job["round_trips"]) for job in costs) <= 2, costs[0]["round_trips"]
	assert sum(job["connections"] for job in costs) / len(costs) <= 0.05

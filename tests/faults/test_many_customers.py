"""Jobs of a hundred customers, one at a time for each, and two workers: none overlap, none waits in vain.

`LIMITED_JOBS=5000` in the environment runs so many instead of a few hundred.
"""

import os
from datetime import datetime

import frappe
from factories import World, acting_as, make_job_type, wait_until

from dartwing.dartwing_core.background_jobs import submit_jobs

TYPE = "job_of_a_customer"
JOBS = int(os.environ.get("LIMITED_JOBS", 400))
CUSTOMERS, WORKERS = 100, 2
# a worker forks a process, which waits a moment for the next job before it ends: idle for longer is in vain
IDLE_SECONDS = 10


def test_no_two_jobs_of_a_customer_at_once_and_no_idle_worker_while_another_customers_job_waits(
	world, processes, tmp_path
):
	make_job_type(TYPE, max_running_per_value=1, limited_parameter="customer")
	frappe.db.commit()
	submit_all(str(tmp_path))
	for _ in range(WORKERS):
		processes.worker()
	wait_until(lambda: not left(), "all have ended", 60 + JOBS / 4)
	assert frappe.db.count("Background Job", {"job_type": TYPE, "status": "Completed"}) == JOBS
	assert len(list(tmp_path.glob("*.running"))) == CUSTOMERS
	assert list(tmp_path.glob("*.overlap")) == []
	runs = runs_by_their_start()
	check_that_customers_wait_for_themselves(runs)
	idle = longest_time_in_vain(runs)
	spent = (max(run[1] for run in runs) - runs[0][0]).total_seconds()
	print(f"{JOBS} jobs in {spent:.0f} s; the longest time in vain: {idle:.2f} s")
	assert idle < IDLE_SECONDS


def submit_all(folder: str) -> None:
	work = {"mode": "be_alone_for_a_customer", "folder": folder}
	requests = [
		{
			"job_type": TYPE,
			"organization": World.alpha,
			"parameters": {**work, "customer": f"customer-{number % CUSTOMERS}", "n": number},
		}
		for number in range(JOBS)
	]
	with acting_as(World.alice):
		submit_jobs(requests)
		frappe.db.commit()


def left() -> int:
	frappe.db.rollback()
	return frappe.db.count(
		"Background Job", {"job_type": TYPE, "status": ("not in", ["Completed", "Dead Letter"])}
	)


Run = tuple[datetime, datetime, str]


def runs_by_their_start() -> list[Run]:
	"""From when to when each job ran, and for whom."""
	rows = frappe.db.sql(
		"""select started_at, completed_at, json_value(input_parameters, '$.customer')
		from `tabBackground Job` where job_type = %s order by started_at""",
		(TYPE,),
	)
	return list(rows)


def check_that_customers_wait_for_themselves(runs: list[Run]) -> None:
	ended: dict[str, datetime] = {}
	for start, end, customer in runs:
		assert customer not in ended or ended[customer] <= start, f"two at once for {customer}"
		ended[customer] = end


def longest_time_in_vain(runs: list[Run]) -> float:
	"""For how many seconds a worker had nothing to do while a job waited whose customer had none running.

	All jobs were there from the beginning: until the last one starts, one waits. It is asked between two
	events which of the customers whose jobs are not all started have none that runs.
	"""
	events = sorted([(start, 1, who) for start, _end, who in runs] + [(end, 0, who) for _s, end, who in runs])
	waiting: dict[str, int] = {}
	for _start, _end, who in runs:
		waiting[who] = waiting.get(who, 0) + 1
	running: set[str] = set()
	longest, since = 0.0, None
	for moment, is_start, who in events:
		if since:
			longest = max(longest, (moment - since).total_seconds())
		if is_start:
			running.add(who)
			waiting[who] -= 1
		else:
			running.discard(who)
		could_start = any(count and one not in running for one, count in waiting.items())
		is_in_vain = len(running) < WORKERS and could_start
		since = (since if since and not is_start else moment) if is_in_vain else None
	return longest

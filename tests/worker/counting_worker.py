"""A stock worker that writes down what its horse has sent until each handler begins; run in the sites folder.

A line of JSON for each handler goes to the file COUNTS: the statements and the round trips to Redis since the
handler before, and how many connections to the database were opened.
"""

import json
import os
import sys
from functools import wraps
from pathlib import Path

from frappe.utils.background_jobs import start_worker

sys.path.insert(0, str(Path(__file__).parent.parent))

from factories import counted_connections, counted_round_trips, counted_statements

from dartwing.dartwing_core.background_jobs import config, executor
from dartwing.dartwing_core.background_jobs.execution import drain

execute_job, perform = executor.execute_job, executor.perform


@wraps(execute_job)
def counted(background_job_id: str) -> None:
	with counted_statements() as sent, counted_connections() as opened, counted_round_trips() as to_redis:

		def noted(*arguments):
			line = {"statements": sent, "round_trips": to_redis, "connections": len(opened)}
			with open(os.environ["COUNTS"], "a") as counts:
				counts.write(json.dumps(line) + "\n")
			for seen in (sent, opened, to_redis):
				seen.clear()
			return perform(*arguments)

		executor.perform = noted
		execute_job(background_job_id)


if __name__ == "__main__":
	# What is done once in a while goes by the clock. On a slow machine a while is shorter than a job.
	config.DEFAULTS["errands_interval_seconds"] = 60
	drain.ORDER_LASTS_SECONDS = drain.ANSWER_LASTS_SECONDS = 60
	executor.execute_job = counted
	start_worker(queue="short,default,long", burst=True)

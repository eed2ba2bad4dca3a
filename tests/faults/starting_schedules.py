"""Many processes that each start what is due at the same instant, over connections of their own.

Prints how many slots each has started, as JSON. Arguments: site, number of processes. Run in the sites
folder.
"""

import json
import os
import sys
import traceback
from multiprocessing import get_context

import frappe

from dartwing.dartwing_core.background_jobs.schedules import due


def start(barrier, answers, site: str) -> None:
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	barrier.wait()
	try:
		answers.put(due.start_due())
	except Exception:
		answers.put(traceback.format_exc())


if __name__ == "__main__":
	site, number = sys.argv[1], int(sys.argv[2])
	context = get_context("fork")
	barrier, answers = context.Barrier(number), context.Queue()
	processes = [context.Process(target=start, args=(barrier, answers, site)) for _ in range(number)]
	for process in processes:
		process.start()
	got = [answers.get(timeout=90) for _ in processes]
	for process in processes:
		process.join(30)
	print(json.dumps(got), flush=True)
	os._exit(0)

"""Many processes that each submit at the same instant, over connections of their own.

Prints, for each, what came of it as JSON. Arguments: site, user, organization, a JSON list with the
parameters of each process: of one job, or a list of them for one bulk. Run in the sites folder.
"""

import json
import os
import sys
import traceback
from multiprocessing import get_context

import frappe

from dartwing.dartwing_core.background_jobs import DuplicateJobError, submit_job, submit_jobs
from dartwing.dartwing_core.background_jobs.errors import QueueFullError, RateLimitExceededError

TYPE = "obliging_job"


def accepted(organization: str, parameters: dict | list[dict]) -> list[str]:
	if isinstance(parameters, dict):
		return [submit_job(TYPE, organization, parameters).name]
	requests = [{"job_type": TYPE, "organization": organization, "parameters": one} for one in parameters]
	return [job.name for job in submit_jobs(requests)]


def submit(barrier, answers, site: str, user: str, organization: str, parameters: dict | list[dict]) -> None:
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	frappe.set_user(user)
	barrier.wait()
	try:
		job_ids = accepted(organization, parameters)
		frappe.db.commit()
		answers.put({"job_ids": job_ids})
	except DuplicateJobError as error:
		answers.put({"error": "DuplicateJobError", "existing_job_id": error.existing_job_id})
	except (RateLimitExceededError, QueueFullError) as error:
		answers.put({"error": type(error).__name__})
	except Exception:
		answers.put({"error": traceback.format_exc()})


def lock_waits(site: str) -> int:
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	waits = int(frappe.db.sql("show global status like 'Innodb_row_lock_waits'")[0][1])
	frappe.destroy()
	return waits


if __name__ == "__main__":
	site, user, organization, each = sys.argv[1:]
	context, parameters = get_context("fork"), json.loads(each)
	before = lock_waits(site)
	barrier, answers = context.Barrier(len(parameters)), context.Queue()
	processes = [
		context.Process(target=submit, args=(barrier, answers, site, user, organization, one))
		for one in parameters
	]
	for process in processes:
		process.start()
	got = [answers.get(timeout=90) for _ in processes]
	for process in processes:
		process.join(30)
	print(json.dumps({"answers": got, "lock_waits": lock_waits(site) - before}), flush=True)
	os._exit(0)

"""Many processes that submit an equal job, and keep their transactions open when they are refused.

Prints the answers that there are when all have one, or when nothing has come for a while, as JSON.
Arguments: site, user, organization, how many processes. Run in the sites folder.
"""

import json
import os
import sys
from multiprocessing import get_context
from queue import Empty

import frappe

from dartwing.dartwing_core.background_jobs import DuplicateJobError, submit_job

PATIENCE_SECONDS = 15


def submit(answers, is_over, site: str, user: str, organization: str) -> None:
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	frappe.set_user(user)
	try:
		answer = {"job_id": submit_job("obliging_job", organization, {"mode": "succeed"}).name}
		frappe.db.commit()
	except DuplicateJobError as error:
		answer = {"existing_job_id": error.existing_job_id}
	except Exception as error:
		answer = {"error": repr(error)}
	answers.put(answer)
	is_over.wait(120)


def all_of(answers, count: int) -> list[dict]:
	got: list[dict] = []
	try:
		while len(got) < count:
			# the first comes when the one that all wait for has ended
			got.append(answers.get(timeout=PATIENCE_SECONDS if got else 60))
	except Empty:
		print(f"{len(got)} of {count} were answered", file=sys.stderr)
	return got


if __name__ == "__main__":
	site, user, organization, count = sys.argv[1:]
	context = get_context("fork")
	answers, is_over = context.Queue(), context.Event()
	for _ in range(int(count)):
		context.Process(target=submit, args=(answers, is_over, site, user, organization), daemon=True).start()
	print(json.dumps(all_of(answers, int(count))), flush=True)
	is_over.set()
	os._exit(0)

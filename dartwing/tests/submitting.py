"""Submissions in a process of their own."""

import time
from unittest.mock import patch

import frappe

from dartwing.dartwing_core.background_jobs import submit_job


def submit_many(job_type: str, organization: str, count: int) -> dict:
	"""Submit and commit one job after the other: their ids, the seconds, and how often somebody slept."""
	began, job_ids = time.monotonic(), []
	with patch("time.sleep") as pause:
		for number in range(count):
			job_ids.append(submit_job(job_type, organization, {"mode": "succeed", "n": number}).name)
			frappe.db.commit()
	return {"job_ids": job_ids, "seconds": time.monotonic() - began, "pauses": pause.call_count}

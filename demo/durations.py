"""Make jobs of the demo as long as those of a busy site, for pictures: only their times are moved.

Ten jobs of some seconds tell the page nothing of what is left of one that takes minutes.
"""

import sys

import frappe

from dartwing.dartwing_core.doctype.job_tally import job_tally
from demo.scenario import SITE


def make_longer(job_type: str, seconds: int) -> None:
	jobs = frappe.get_all("Background Job", {"job_type": job_type, "status": "Completed"}, pluck="name")
	frappe.db.sql(
		"update `tabBackground Job` set started_at = completed_at - interval %s second where name in %s",
		(seconds, jobs),
	)
	frappe.db.sql(
		"""update `tabJob Execution Log` set seconds = %s
		where background_job in %s and to_status = 'Completed'""",
		(seconds, jobs),
	)
	frappe.db.commit()
	job_tally.count_new()


def main() -> None:
	frappe.init(SITE)
	frappe.connect()
	try:
		make_longer(sys.argv[1], int(sys.argv[2]))
	finally:
		frappe.destroy()


if __name__ == "__main__":
	main()

"""A clock one of whose steps fails each second, or never ends; run in the sites folder.

Arguments: site; `for ever` for a step that never ends.
"""

import sys
import time

import frappe

from dartwing.dartwing_core.background_jobs.clock import clock, site
from dartwing.dartwing_core.background_jobs.clock.steps import Due


def fail() -> None:
	frappe.db.sql("select nothing from nowhere")


def go_on_for_ever() -> None:
	print("a step goes on for ever", flush=True)
	while True:
		time.sleep(600)


if __name__ == "__main__":
	named, *more = sys.argv[1:]
	site.DUE = (Due("1", go_on_for_ever if more else fail), *site.DUE)
	clock.run([named])

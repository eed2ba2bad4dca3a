"""A clock one of whose steps fails each second; run in the sites folder.

Arguments: site.
"""

import sys

import frappe

from dartwing.dartwing_core.background_jobs.clock import clock, site
from dartwing.dartwing_core.background_jobs.clock.steps import Due


def fail() -> None:
	frappe.db.sql("select nothing from nowhere")


if __name__ == "__main__":
	site.DUE = (Due("1", fail), *site.DUE)
	clock.run(sys.argv[1:])

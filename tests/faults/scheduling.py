"""Runs what the scheduler does each minute, several times in a row; run in the sites folder.

Arguments: site, how often, the file to wait for.
"""

import sys
from pathlib import Path

import frappe
from meeting import wait_for_the_others

from dartwing.dartwing_core.background_jobs import scheduler

if __name__ == "__main__":
	site, times, go = sys.argv[1:]
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	wait_for_the_others(Path(go))
	for _ in range(int(times)):
		frappe.db.rollback()
		scheduler.tick()
	frappe.destroy()

"""Does what the scheduler does each minute, every few seconds, until it is killed; run in the sites folder.

Arguments: site, seconds between.
"""

import sys
import time

import frappe

from dartwing.dartwing_core.background_jobs import scheduler

if __name__ == "__main__":
	site, seconds = sys.argv[1:]
	while True:
		frappe.init(site=site, sites_path=".")
		frappe.connect()
		try:
			scheduler.tick()
		finally:
			frappe.destroy()
		time.sleep(float(seconds))

"""Submits a flow and commits it, stopped at the point that the environment names; run in the sites folder.

Arguments: site, user, organization, and as JSON the title, the jobs and the job at the end.
"""

import json
import sys

import frappe
from stopping import stop_as_told

from dartwing.dartwing_core.background_jobs.submission import flows

if __name__ == "__main__":
	site, user, organization, said = sys.argv[1:]
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	frappe.set_user(user)
	stop_as_told()
	flows.submit_flow(flows.Flow.parse(*json.loads(said)), organization)
	frappe.db.commit()

"""Submits one job and commits it, stopped at the point that the environment names; run in the sites folder.

Arguments: site, user, organization, parameters as JSON.
"""

import json
import sys

import frappe
from stopping import stop_as_told

from dartwing.dartwing_core.background_jobs import engine

if __name__ == "__main__":
	site, user, organization, parameters = sys.argv[1:]
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	frappe.set_user(user)
	stop_as_told()
	engine.submit_job("obliging_job", organization, json.loads(parameters))
	frappe.db.commit()

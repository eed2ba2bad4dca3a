"""What an update does to a site that was installed before it."""

import json

import frappe
from factories import end, state, submit

from dartwing.dartwing_core.background_jobs import get_job_history
from dartwing.dartwing_core.doctype.background_job.background_job import INDEXES
from dartwing.patches import index_background_jobs, make_texts_plain

TABLE = "tabBackground Job"


def test_an_older_site_gets_the_indexes_it_lacks_and_loses_those_that_are_superseded(world):
	frappe.db.sql_ddl(f"alter table `{TABLE}` drop index status_creation_index")
	frappe.db.add_index("Background Job", ["status", "modified"])
	index_background_jobs.execute()
	assert not frappe.db.has_index(TABLE, "status_modified_index")
	assert all(frappe.db.has_index(TABLE, f"{'_'.join(fields)}_index") for fields in INDEXES)
	# a second time, and where there is nothing to do
	index_background_jobs.execute()


def test_texts_of_an_older_site_lose_their_markup(clean):
	job = submit().name
	end(job, "Dead Letter", error_message="no answer")
	script = "<img src=x onerror=alert(1)>"
	older = {"error_message": f"<b>Row 1</b> {script}", "result": json.dumps({"html": script})}
	frappe.db.set_value("Background Job", job, older, update_modified=False)
	frappe.db.set_value(
		"Job Execution Log", {"background_job": job, "to_status": "Dead Letter"}, "message", script
	)
	frappe.db.commit()
	make_texts_plain.execute()
	now = state(job)
	assert now["error_message"] == "Row 1 ‹img src=x onerror=alert(1)>"
	assert now["result"] == {"html": script}
	assert "<" not in frappe.db.get_value("Background Job", job, "result")
	assert get_job_history(job)["history"][-1]["message"] == "‹img src=x onerror=alert(1)>"

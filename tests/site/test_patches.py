"""What an update does to a site that was installed before it."""

import json

import frappe
from factories import HANDLER, end, make_job_type, state, submit

from dartwing.dartwing_core.background_jobs import get_job_history
from dartwing.dartwing_core.doctype.background_job.indexes import INDEXES
from dartwing.dartwing_core.doctype.job_type.job_type import get_handler
from dartwing.patches import follow_moved_handlers, index_background_jobs, make_texts_plain

TABLE = "tabBackground Job"
ENGINE = "dartwing.dartwing_core.background_jobs"


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


def test_job_types_of_an_older_site_follow_the_handlers_that_moved(world):
	now = {
		"own_export": f"{ENGINE}.handlers.exports.data_export",
		"own_echo": f"{ENGINE}.handlers.samples.echo_job",
		"of_another_app": HANDLER,
	}
	try:
		for name, path in now.items():
			make_job_type(name, handler_method=path)
			older_path = path.replace(".handlers.", ".") if path.startswith(ENGINE) else path
			frappe.db.set_value("Job Type", name, "handler_method", older_path)
		follow_moved_handlers.execute()
		assert {name: frappe.get_doc("Job Type", name).handler_method for name in now} == now
		assert get_handler(now["own_echo"]).__name__ == "echo_job"
	finally:
		for name in now:
			frappe.delete_doc("Job Type", name)
		frappe.db.commit()

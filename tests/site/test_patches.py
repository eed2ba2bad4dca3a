"""What an update does to a site that was installed before it."""

import frappe

from dartwing.dartwing_core.doctype.background_job.background_job import INDEXES
from dartwing.patches import index_background_jobs

TABLE = "tabBackground Job"


def test_an_older_site_gets_the_indexes_it_lacks_and_loses_those_that_are_superseded(world):
	frappe.db.sql_ddl(f"alter table `{TABLE}` drop index status_creation_index")
	frappe.db.add_index("Background Job", ["status", "modified"])
	index_background_jobs.execute()
	assert not frappe.db.has_index(TABLE, "status_modified_index")
	assert all(frappe.db.has_index(TABLE, f"{'_'.join(fields)}_index") for fields in INDEXES)
	# a second time, and where there is nothing to do
	index_background_jobs.execute()

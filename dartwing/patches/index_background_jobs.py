import frappe

from dartwing.dartwing_core.doctype.background_job import background_job

# what indexes that came later do as well
SUPERSEDED = ("status_modified_index",)


def execute() -> None:
	"""Make the indexes that a site installed before them does not have; reads the table once for each."""
	background_job.on_doctype_update()
	for index in SUPERSEDED:
		if frappe.db.has_index("tabBackground Job", index):
			frappe.db.sql_ddl(f"alter table `tabBackground Job` drop index `{index}`")

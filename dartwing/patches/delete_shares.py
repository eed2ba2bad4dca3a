import frappe

from dartwing.dartwing_core.background_jobs.tenancy import shares


def execute() -> None:
	"""A share of a job, an organization, a person or a row about one opened it to who is no member."""
	if frappe.db.exists("DocType", "DocShare"):
		shares.delete_shares()

"""Schedules of an organization that is gone: nobody could run them, so they are deleted."""

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads


def delete_of_organization(organization: str, limit: int) -> int:
	"""Delete some schedules of exactly this organization, with their slots; returns how many.

	In the current transaction.
	"""
	# a locking read would lock gaps, and new schedules of others would have to wait
	with uncommitted_reads():
		names = frappe.db.sql(
			"""select name from `tabJob Schedule` where organization = %(name)s
			and binary organization = %(name)s order by name limit %(limit)s""",
			{"name": organization, "limit": limit},
			pluck=True,
		)
	for doctype, field in (("Job Schedule", "name"), ("Job Schedule Slot", "schedule")) if names else ():
		frappe.db.sql(f"{ignoring_snapshot()}delete from `tab{doctype}` where `{field}` in %s", (names,))
	return len(names)

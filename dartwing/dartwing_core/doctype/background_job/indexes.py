"""The indexes that the queries about jobs run on."""

import frappe

# what each is for is said, and checked, in tests/site/test_plans.py
INDEXES = (
	["creation"],
	["status", "creation"],
	["job_type", "creation"],
	["organization", "creation"],
	["organization", "status", "creation"],
	["job_type", "organization", "creation"],
	["organization", "priority", "ready_at"],
	["ready_at", "organization"],
	["status", "modified", "organization"],
	# whatever is counted of jobs that have not ended is counted on this index alone
	["status", "organization", "priority", "job_type", "ready_at"],
	["depends_on", "status"],
	["failed_parent"],
	# only jobs that have not started have this
	["expires_at_utc", "name"],
	# jobs that wait for a limit of their type: who is next of each key
	["organization", "held_by", "priority", "held_since"],
	["job_group", "status"],
	# the jobs of one group, or those of none, in order; and those of none of one organization
	["job_group", "creation"],
	["organization", "job_group", "creation"],
	# those of the jobs of a schedule that have not ended, and its jobs in order
	["job_schedule", "status"],
	["job_schedule", "creation"],
)


def add() -> None:
	"""Add those that are not there yet."""
	for fields in INDEXES:
		frappe.db.add_index("Background Job", fields)

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot


def execute() -> None:
	"""Each job had one parent, in `depends_on`, of which it now has a row of Job Dependency as well.

	Of a parent that is gone, the job knows whether it failed, or else it was Completed.
	"""
	frappe.db.sql(
		f"""{ignoring_snapshot()}insert ignore into `tabJob Dependency`
			(name, owner, creation, modified, modified_by, background_job, depends_on, last_status)
		select left(sha2(concat('["', child.name, '", "', child.depends_on, '"]'), 256), 40),
			child.owner, child.creation, child.creation, child.owner, child.name, child.depends_on,
			if(parent.name is null and child.failed_parent is null, 'Completed', null)
		from `tabBackground Job` child
		left join `tabBackground Job` parent on parent.name = child.depends_on
		where child.depends_on is not null and child.depends_on > ''
		"""
	)

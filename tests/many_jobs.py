"""Rows by the ten thousand, made inside the database: what is asked of them must not read them all."""

import frappe
from frappe.utils import now_datetime

from dartwing.dartwing_core.doctype.job_tally import job_tally

PREFIX = "JOB-1999-"


def add_completed(organization: str, job_type: str, jobs: int, minutes_each: float = 0.1) -> None:
	"""So many Completed jobs of the past, one each so many minutes, with the last row of their history."""
	first = frappe.db.sql(
		"select count(*) from `tabBackground Job` where name like %s", (f"{PREFIX}%",), pluck=True
	)[0]
	numbers = {
		"organization": organization,
		"job_type": job_type,
		"first": first,
		"minutes": minutes_each,
		"prefix": PREFIX,
		"now": now_datetime(),
	}
	frappe.db.sql(
		f"""insert into `tabBackground Job` (name, creation, modified, owner, modified_by, job_type,
			organization, owner_user, status, priority, input_parameters, job_hash, timeout_seconds,
			created_at, queued_at, started_at, completed_at, progress)
		select concat(%(prefix)s, lpad(%(first)s + seq, 8, '0')), at, at + interval 2 second, 'Administrator',
			'Administrator', %(job_type)s, %(organization)s, 'Administrator', 'Completed',
			elt(1 + seq %% 4, 'Low', 'Normal', 'High', 'Critical'), '{{}}', sha2(seq, 256), 300, at, at,
			at + interval 1 second, at + interval 2 second, 100
		from (select seq, %(now)s - interval (%(first)s + seq) * %(minutes)s * 60 second at
			from seq_1_to_{jobs}) made""",
		numbers,
	)
	frappe.db.sql(
		"""insert into `tabJob Execution Log` (name, creation, modified, owner, modified_by, background_job,
			organization, job_type, priority, from_status, to_status, timestamp, actor, seconds, uncounted)
		select concat(name, '-log'), modified, modified, owner, owner, name, organization, job_type, priority,
			'Running', 'Completed', modified, 'a worker', 1, 0
		from `tabBackground Job` where organization = %(organization)s and name like concat(%(prefix)s, '%%')
			and name > concat(%(prefix)s, lpad(%(first)s, 8, '0'))""",
		numbers,
	)
	_settle()


# of a hundred jobs; the rest is Completed
MIX = {"Canceled": 5, "Dead Letter": 2}


def add_mixed(organizations: list[str], job_types: list[str], jobs: int) -> None:
	"""So many jobs of the past that have ended one way or another, of all these organizations and types.

	Without history: what asks for that asks by the job.
	"""
	first = frappe.db.sql(
		"select count(*) from `tabBackground Job` where name like %s", (f"{PREFIX}%",), pluck=True
	)[0]
	canceled, dead = MIX["Canceled"], MIX["Canceled"] + MIX["Dead Letter"]
	frappe.db.sql(
		f"""insert into `tabBackground Job` (name, creation, modified, owner, modified_by, job_type,
			organization, owner_user, status, priority, input_parameters, job_hash, timeout_seconds,
			created_at, queued_at, started_at, completed_at, progress)
		select concat(%(prefix)s, lpad(%(first)s + seq, 8, '0')), at, at + interval 2 second, 'Administrator',
			'Administrator', elt(1 + seq %% {len(job_types)}, {_listed(job_types)}),
			elt(1 + floor(rand(seq) * {len(organizations)}), {_listed(organizations)}), 'Administrator',
			case when seq %% 100 < {canceled} then 'Canceled' when seq %% 100 < {dead} then 'Dead Letter'
			else 'Completed' end,
			elt(1 + seq %% 4, 'Low', 'Normal', 'High', 'Critical'), '{{}}', sha2(seq, 256), 300, at, at,
			at + interval 1 second, at + interval 2 second, 100
		from (select seq, %(now)s - interval (%(first)s + seq) second at from seq_1_to_{jobs}) made""",
		{"prefix": PREFIX, "first": first, "now": now_datetime()},
	)
	_settle()


def _listed(names: list[str]) -> str:
	return ", ".join(frappe.db.escape(name) for name in names)


def _settle() -> None:
	job_tally.recount()
	for table in ("Background Job", "Job Execution Log", "Job Tally"):
		frappe.db.sql(f"analyze table `tab{table}`")


def remove_completed() -> None:
	"""Take them away again, faster than one by one."""
	frappe.db.rollback()
	frappe.db.sql("delete from `tabJob Execution Log` where background_job like %s", (f"{PREFIX}%",))
	frappe.db.sql("delete from `tabBackground Job` where name like %s", (f"{PREFIX}%",))
	frappe.db.commit()
	job_tally.recount()

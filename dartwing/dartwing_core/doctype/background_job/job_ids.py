"""The ids of jobs: `JOB-2026-00042` and on, from a database sequence."""

import frappe
from frappe.database.sequence import create_sequence
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs.database import database_clock, times


def new_job_ids(count: int) -> list[str]:
	"""So many new ids. No submitter waits for another one, and an id that is rolled back is not used again."""
	numbers = frappe.db.sql(
		f"select nextval(`background_job_id_seq`), {database_clock.UTC_NOW} from seq_1_to_{int(count)}"
	)
	database_clock.note(numbers[0][1])
	year = times.site_now().year
	return [f"JOB-{year}-{number:05d}" for number, _now in numbers]


def ensure_sequence() -> None:
	"""Create the sequence of job ids if it is missing, beyond the ids that exist."""
	last = frappe.db.sql(
		"select max(cast(substring_index(name, '-', -1) as unsigned)) from `tabBackground Job`"
	)[0][0]
	create_sequence("Background Job", check_not_exists=True, cache=1000, start_value=cint(last) + 1)

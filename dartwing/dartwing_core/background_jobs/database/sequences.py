"""Ids from database sequences: `JOB-2026-00042` and on."""

import frappe
from frappe.database.sequence import create_sequence
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs.database import database_clock, times


def new_ids(doctype: str, prefix: str, count: int) -> list[str]:
	"""So many new ids. Nobody waits for another's, and an id that is rolled back is not used again."""
	sequence = f"{frappe.scrub(doctype)}_id_seq"
	numbers = frappe.db.sql(
		f"select nextval(`{sequence}`), {database_clock.UTC_NOW} from seq_1_to_{int(count)}"
	)
	database_clock.note(numbers[0][1])
	year = times.site_now().year
	return [f"{prefix}-{year}-{number:05d}" for number, _now in numbers]


def ensure(doctype: str) -> None:
	"""Create the sequence of the DocType's ids if it is missing, beyond the ids that exist."""
	last = frappe.db.sql(f"select max(cast(substring_index(name, '-', -1) as unsigned)) from `tab{doctype}`")[
		0
	][0]
	create_sequence(doctype, check_not_exists=True, cache=1000, start_value=cint(last) + 1)

"""Records that the tests beside the controllers begin with; rolled back with each of them."""

import json

import frappe


def an_organization() -> str:
	name = f"An Organization of Tests {frappe.generate_hash(length=8)}"
	return frappe.get_doc({"doctype": "Organization", "org_name": name}).insert().name


def a_log_part(job_id: str, lines: list[str], attempt: int = 1, first: int = 1) -> str:
	"""Lines of a job's log, as a worker keeps them; the name of their row."""
	told = [(number, "2026-11-30T10:00:00.000000Z", "INFO", text) for number, text in enumerate(lines, first)]
	part = frappe.new_doc("Job Log Part").update(
		{
			"background_job": job_id,
			"attempt": attempt,
			"first_line": first,
			"last_line": told[-1][0],
			"kept_lines": json.dumps(told),
		}
	)
	part.name = frappe.generate_hash(length=32)
	part.set_user_and_timestamp()
	part.db_insert()
	return part.name

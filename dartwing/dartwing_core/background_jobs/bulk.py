"""One action for many jobs: what was done, and why not to the others. Nothing here commits."""

from collections.abc import Callable, Iterable
from typing import Any

import frappe


def each(job_ids: Iterable[str], action: Callable[[str], object]) -> dict[str, Any]:
	"""`{"done": [ids], "refused": {id: why}}`; what a refused job had written is undone, the rest stays."""
	done: list[str] = []
	refused: dict[str, str] = {}
	for job_id in dict.fromkeys(job_ids):
		frappe.db.savepoint("dartwing_each")
		try:
			action(job_id)
			done.append(job_id)
		except (frappe.ValidationError, frappe.PermissionError) as error:
			frappe.db.rollback(save_point="dartwing_each")
			frappe.clear_last_message()
			refused[job_id] = str(error)
	return {"done": done, "refused": refused}

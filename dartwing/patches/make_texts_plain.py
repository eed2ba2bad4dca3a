from collections.abc import Iterator

import frappe

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored

BATCH = 500


def plain(text: str) -> str:
	return texts.storable(texts.plain(text))


LINES = {
	"Background Job": {
		"error_message": plain,
		"progress_message": plain,
		"result": texts.inert_json,
	},
	"Job Execution Log": {"message": plain},
	"Person": {"first_name": plain, "last_name": plain},
	"Job Type": {
		"display_name": plain,
		"description": plain,
		"parameters_help": plain,
		"parameters_template": texts.inert_json,
	},
	"Org Member": {"role": plain},
}


def execute() -> None:
	"""Take the markup out of texts that were stored before the engine did so itself.

	Reads each table once; commits each batch, so that no lock is held for long.
	"""
	for doctype, makers in LINES.items():
		for field, make in makers.items():
			for batch in batches(doctype, field):
				with snapshot_ignored():
					for name, text in batch:
						frappe.db.set_value(doctype, name, field, make(text), update_modified=False)
				# a batch is small, its locks must not outlive it
				frappe.db.commit()


def batches(doctype: str, field: str) -> Iterator[list[tuple[str, str]]]:
	table, after = frappe.qb.DocType(doctype), ""
	while True:
		query = frappe.qb.from_(table).select(table.name, table[field])
		query = query.where((table.name > after) & table[field].like("%<%")).orderby(table.name).limit(BATCH)
		batch = query.run()
		if not batch:
			return
		yield batch
		after = batch[-1][0]

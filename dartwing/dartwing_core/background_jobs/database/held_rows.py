"""Rows that other transactions hold, and those that they do not."""

from collections.abc import Sequence

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot


def take_free(doctype: str, names: Sequence[str]) -> list[str]:
	"""Lock those of the rows that no other transaction holds, and return their names.

	They are found by their names: on another index, or in a small table, further rows would be locked.
	"""
	if not names:
		return []
	query = f"select name from `tab{doctype}` force index (primary) where name in %s for update skip locked"
	return frappe.db.sql(ignoring_snapshot() + query, (list(names),), pluck=True)


def delete(doctype: str, names: Sequence[str]) -> None:
	"""Delete the rows, which this transaction has locked, and meet no other on the way."""
	if names:
		query = f"delete gone from `tab{doctype}` gone force index (primary) where gone.name in %s"
		frappe.db.sql(ignoring_snapshot() + query, (list(names),))

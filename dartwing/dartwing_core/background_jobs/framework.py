"""What the versions of Frappe do in different ways: the only place that asks which one it is."""

from typing import Any

import frappe
from frappe.utils import cint

VERSION = cint(frappe.__version__.partition(".")[0])

# What a has_permission hook answers that leaves it to the other hooks and to the roles. v15 goes by the first
# answer that is not None: True there silences the hooks of the apps before, Frappe's own too. v16 asks all
# hooks, and takes whatever is not true for a refusal.
NO_OBJECTION = True if VERSION >= 16 else None

# v15 joins the conditions of all hooks by `and`, each as it stands; that of Frappe for files is `… or …`
OPEN_CONDITIONS = () if VERSION >= 16 else ("File",)

# v16 writes Desk's count of a list out: its query builder doubles quotation marks, and leaves backslashes; a
# backslash before the closing quotation mark keeps the text open
COUNTS_WRITTEN_OUT = "frappe.desk.reportview.get_count" if VERSION >= 16 else ""

# v16 writes its answers with orjson, which knows no larger integers and answers 500 for one; a Fragment is a
# text that it writes as it stands
if VERSION >= 16:
	from orjson import Fragment
else:
	Fragment = None
LARGEST_OF_ORJSON = 2**63 - 1


def answerable(value: Any) -> Any:
	"""The value as the answer to the current request can say it, each integer exactly."""
	if Fragment is None or not getattr(frappe.local, "request", None):
		return value
	if isinstance(value, dict):
		return {key: answerable(one) for key, one in value.items()}
	if isinstance(value, list):
		return [answerable(one) for one in value]
	if isinstance(value, int) and abs(value) > LARGEST_OF_ORJSON:
		return Fragment(str(value))
	return value


def plain(value: Any) -> Any:
	"""With plain dicts: one of Frappe's says of every attribute that it has it, and that it is None."""
	if isinstance(value, dict):
		return {key: plain(one) for key, one in value.items()}
	if type(value) in (list, tuple):
		return type(value)(plain(one) for one in value)
	return value


def one_more_condition(doctype: str, condition: str) -> str:
	"""The condition as a hook of permission_query_conditions says it, so that it holds beside all others.

	Frappe puts what it joined in brackets: where it is open, they are closed before the condition.
	"""
	return f"{condition}) and ({condition}" if doctype in OPEN_CONDITIONS else condition


def row_count(alias: str) -> Any:
	"""The field of a list whose only row says, under that name, how many rows there are.

	v15 puts texts of fields into its statement; the query builder of v16 refuses functions in them.
	"""
	return {"COUNT": "name", "as": alias} if VERSION >= 16 else f"count(name) as {alias}"


def rows_passed_over(count: int) -> dict[str, int]:
	"""The argument of a list that leaves out its first `count` rows; v16 warns of the name that v15 knows."""
	return {"offset": count} if VERSION >= 16 else {"limit_start": count}


def count_readable(doctype: str, filters: Any) -> int:
	"""How many of the rows that the filters match the session's user may read."""
	rows = frappe.get_list(doctype, filters=filters, fields=[row_count("readable_rows")])
	return rows[0].readable_rows if rows else 0

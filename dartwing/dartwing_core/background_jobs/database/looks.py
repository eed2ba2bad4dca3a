"""Several questions to the database in one statement: the way there takes longer than a short answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import frappe

# expressions of one statement
AT_ONCE = 100


class Look(NamedTuple):
	"""A scalar expression of SQL, and the values for it."""

	expression: str
	values: tuple[Any, ...]


def own_or_default(field: str, organization: str, default: int) -> Look:
	"""The organization's own value of a limit where it overrides the default, as its row says it.

	Never cached: nothing would put right what an old transaction cached.
	"""
	own = f"select {own_value(field)} from `tabOrganization` where name = %s"
	return Look(f"coalesce(({own}), %s)", (organization, default))


def own_value(field: str) -> str:
	"""Of a row of `tabOrganization`: null where it does not override the default."""
	return f"if(override_{field}, {field}, null)"


def ask(looks: Sequence[Look]) -> list[Any]:
	"""The answers, in the order of the looks, as the current connection sees them."""
	answers: list[Any] = []
	for start in range(0, len(looks), AT_ONCE):
		some = looks[start : start + AT_ONCE]
		values = tuple(value for look in some for value in look.values)
		answers += frappe.db.sql(f"select {', '.join(look.expression for look in some)}", values)[0]
	return answers

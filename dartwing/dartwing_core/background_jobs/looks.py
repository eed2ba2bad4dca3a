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


def ask(looks: Sequence[Look]) -> list[Any]:
	"""The answers, in the order of the looks, as the current connection sees them."""
	answers: list[Any] = []
	for start in range(0, len(looks), AT_ONCE):
		some = looks[start : start + AT_ONCE]
		values = tuple(value for look in some for value in look.values)
		answers += frappe.db.sql(f"select {', '.join(look.expression for look in some)}", values)[0]
	return answers

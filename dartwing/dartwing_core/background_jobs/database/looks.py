"""Several questions to the database in one statement: the way there takes longer than a short answer."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import frappe

# how many looks one statement asks
AT_ONCE = 100


class Look(NamedTuple):
	"""A scalar expression of SQL, and the values for it."""

	expression: str
	values: tuple[Any, ...]


def own_or_default(field: str, organization: str, default: int) -> Look:
	"""A limit of the organization: its own value where its row overrides the default, or else the default.

	It is never cached: a transaction that began long ago would cache an old value, and nothing would correct
	it.
	"""
	own = f"select {own_value(field)} from `tabOrganization` where name = %s"
	return Look(f"coalesce(({own}), %s)", (organization, default))


def own_value(field: str) -> str:
	"""SQL for the own value of a row of `tabOrganization`; null where it overrides nothing."""
	return f"if(override_{field}, {field}, null)"


def ask(looks: Sequence[Look]) -> list[Any]:
	"""The answers, in the order of the looks, as the current connection sees them."""
	answers: list[Any] = []
	for start in range(0, len(looks), AT_ONCE):
		some = looks[start : start + AT_ONCE]
		values = tuple(value for look in some for value in look.values)
		answers += frappe.db.sql(f"select {', '.join(look.expression for look in some)}", values)[0]
	return answers

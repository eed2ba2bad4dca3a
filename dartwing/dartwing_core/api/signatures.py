"""What a method takes: the names of its parameters, and whether it takes arguments of any other name."""

from inspect import Parameter, signature
from typing import NamedTuple

import frappe


class Taken(NamedTuple):
	names: frozenset[str]
	takes_any: bool


def taken_by(method: str) -> Taken | None:
	"""What is taken by the method, or by what an app overrides it with; None if there is no such method."""
	overriding = frappe.get_hooks("override_whitelisted_methods").get(method) or [method]
	try:
		parameters = signature(frappe.get_attr(overriding[-1])).parameters
	except Exception:
		# Frappe itself says what is wrong with it
		return None
	kinds = {one.kind for one in parameters.values()}
	any_kinds = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
	names = frozenset(name for name, one in parameters.items() if one.kind not in any_kinds)
	return Taken(names, Parameter.VAR_KEYWORD in kinds)

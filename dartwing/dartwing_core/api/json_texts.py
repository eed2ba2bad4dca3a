"""JSON in arguments and in texts that are saved: what it says, how deep it is, whether it has markup."""

import json
import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument

# deeper than anything that Desk sends
DEEPEST = 50
# and the texts in which brackets are only characters
BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
MARKUP = re.compile("<[a-zA-Z/!?]")
# what Desk itself writes into a workspace
HARMLESS = re.compile(
	r"</?(?:b|blockquote|br|code|div|em|font|h[1-6]|hr|i|li|mark|ol|p|s|small|span|strong|u|ul)"
	r"(?:\s+(?:class=\"[\w -]*\"|color=\"[\w #]*\""
	r"|style=\"(?:(?:background-)?color|font-(?:weight|style)|text-(?:align|decoration)):"
	r" ?[\w #.,%()-]+;?\"))*"
	r"\s*/?>"
	r"|<a\s+href=\"(?:https?://|mailto:|/)[^\"<>\s]*\"(?:\s+(?:target|rel|class)=\"[\w -]*\")*\s*>|</a>",
	re.IGNORECASE,
)


def parsed(value: Any, of_object: Callable[[list], Any] = dict) -> Any:
	"""What a JSON text says, if it says more than a number; any other value as it is."""
	if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
		return value
	if brackets_in(value) > DEEPEST:
		frappe.throw(_("is nested more than {0} deep").format(DEEPEST))
	try:
		return json.loads(value, object_pairs_hook=of_object)
	except ValueError:
		return value


def all_pairs(pairs: list[tuple[str, Any]]) -> list[Any]:
	"""All that an object says, also where it says a key twice, of which a dict has the last."""
	return [*chain.from_iterable(pairs)]


def refuse_deep(value: Any, argument: str) -> None:
	"""Raise ValidationError for JSON, as text or read, that is nested deeper than anything that Desk sends.

	What follows such a nesting would end with a recursion, or takes minutes.
	"""
	level, depth = [value], 0
	while level:
		depth += 1
		if depth > DEEPEST or any(isinstance(one, str) and brackets_in(one) > DEEPEST for one in level):
			refuse_argument(argument, _("is nested more than {0} deep").format(DEEPEST))
		level = [*chain.from_iterable(map(inner_values, map(parsed, level)))]


def inner_values(value: Any) -> Iterable[Any]:
	if isinstance(value, dict):
		return value.values()
	return value if isinstance(value, list) else ()


def brackets_in(text: str) -> int:
	"""How many brackets are open at most in a text that may be JSON; 0 in any other."""
	if text.lstrip()[:1] not in ("{", "["):
		return 0
	deepest = depth = 0
	for bracket in BRACKETS.findall(text):
		depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(bracket, 0)
		deepest = max(deepest, depth)
	return deepest


def has_markup(value: Any) -> bool:
	"""Whether a text anywhere in the JSON, however it is escaped there, is more than plain headings."""
	if isinstance(value, str) and brackets_in(value) <= DEEPEST:
		value = parsed(value, all_pairs)
	if isinstance(value, dict):
		return any(map(has_markup, (*value, *value.values())))
	if isinstance(value, list):
		return any(map(has_markup, value))
	return isinstance(value, str) and bool(MARKUP.search(HARMLESS.sub("", value)))


def refuse_markup(arguments: dict) -> None:
	"""Desk and pages show what they cannot read in their address, or write it into links, as it is."""
	if any(has_markup([argument, value]) for argument, value in arguments.items()):
		refuse_argument("address", _("must not be markup"))

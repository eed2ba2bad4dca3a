"""Arguments of the REST API, made from what clients send by the types of the function that takes them.

A function says with its annotations what it takes: `str`, `int`, `bool`, `dict` or `list`, each also
`| None`, and in `Annotated` what else holds. Forms and queries carry texts only, so an int may come as its
digits, a bool as `true`, `false`, `1` or `0`, an object or a list as its JSON. `str | list[str]` is one text
or a list of them, and what is an `object` comes as it was sent.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

import frappe
from frappe import _

from dartwing.dartwing_core.api.routes import route_of
from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.errors import fault_of_json, refuse_argument, too_deep

MISSING = Parameter.empty
# what Frappe itself takes out of any request: the method, the session, its token, the language
OF_FRAPPE = ("cmd", "sid", "csrf_token", "_lang")
DIGITS = re.compile(r"-?[0-9]{1,18}")
TRUTH = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
JSON_NAMES = {str: "a text", int: "a whole number", dict: "a JSON object", list: "a JSON list"}


@dataclass(frozen=True)
class About:
	"""What a client should know of an argument beside its type; `at_least` and `at_most` are checked."""

	description: str
	at_least: int | None = None
	at_most: int | None = None
	choices: tuple[str, ...] = ()


class TextOrTexts:
	"""The type of an argument that is one text or a list of texts."""


@dataclass(frozen=True)
class Argument:
	"""One argument of an endpoint."""

	name: str
	type: type
	is_optional: bool
	default: Any
	about: About
	# of the elements of a list
	item_type: type = str

	@classmethod
	def of(cls, parameter: Parameter) -> "Argument":
		annotation, about = parameter.annotation, About("")
		if get_origin(annotation) is Annotated:
			annotation, about = get_args(annotation)
		types = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
		# a list last: one that may be a single text is read as both
		one = [kind for kind in types if kind is not NoneType][-1]
		(item,) = get_args(one) or (str,)
		kind = TextOrTexts if str in types and one is not str else get_origin(one) or one
		return cls(parameter.name, kind, NoneType in types, parameter.default, about, item)

	def value_of(self, sent: Any) -> Any:
		"""The value that the function gets; raises ValidationError that names the argument."""
		if sent in (None, ""):
			return self._left_out()
		value = READERS[self.type](self.name, sent)
		if self.type is int:
			self._check_bounds(value)
		if self.about.choices and value not in self.about.choices:
			reason = _("{0} is none of {1}").format(repr(value), ", ".join(self.about.choices))
			refuse_argument(self.name, reason)
		return value

	def _left_out(self) -> Any:
		if self.default is MISSING:
			refuse_argument(self.name, _("is missing"))
		return self.default

	def _check_bounds(self, value: int) -> None:
		low, high = self.about.at_least, self.about.at_most
		if (low is None or value >= low) and (high is None or value <= high):
			return
		if high is None:
			refuse_argument(self.name, _("{0} is not at least {1}").format(value, low))
		if low is None:
			refuse_argument(self.name, _("{0} is not at most {1}").format(value, high))
		refuse_argument(self.name, _("{0} is not between {1} and {2}").format(value, low, high))


def arguments_of(function: Callable) -> list[Argument]:
	return [Argument.of(parameter) for parameter in signature(function).parameters.values()]


def refuse_unknown(function: Callable) -> None:
	"""Refuse what the current request says and its method does not take; Frappe would leave it out.

	A client would believe that it was heard. Nothing is refused when the method is called by another one.
	"""
	form = frappe.local.form_dict
	if not frappe.request or route_of(frappe.request).called != f"{function.__module__}.{function.__name__}":
		return
	taken = {*signature(function).parameters, *OF_FRAPPE}
	for name in form:
		if name not in taken:
			is_short = len(name) <= 80 and name.isidentifier()
			refuse_argument(name if is_short else shown(name), _("there is no such argument"))


def read_text(name: str, sent: Any) -> str:
	if not isinstance(sent, str):
		refuse_type(name, str, sent)
	check_unicode(name, sent)
	return sent


def check_unicode(name: str, text: str) -> None:
	"""Refuse half of a surrogate pair, which JSON can carry and no database can store."""
	if not texts.is_storable(text):
		refuse_argument(name, _("is not valid Unicode"))


def read_int(name: str, sent: Any) -> int:
	is_number = isinstance(sent, int) and not isinstance(sent, bool)
	if not is_number and not (isinstance(sent, str) and DIGITS.fullmatch(sent)):
		refuse_argument(name, _("{0} is no whole number").format(shown(sent)))
	return int(sent)


def read_bool(name: str, sent: Any) -> bool:
	if not isinstance(sent, bool | int | str) or sent not in TRUTH:
		refuse_argument(name, _("{0} is neither true nor false").format(shown(sent)))
	return TRUTH[sent]


def read_json(kind: type) -> Callable[[str, Any], Any]:
	def read(name: str, sent: Any) -> Any:
		value = parse_json(name, sent) if isinstance(sent, str) else sent
		if not isinstance(value, kind):
			refuse_type(name, kind, value)
		try:
			text = json.dumps(value, ensure_ascii=False)
		except RecursionError:
			refuse_argument(name, too_deep())
		check_unicode(name, text)
		return value

	return read


def parse_json(name: str, text: str) -> Any:
	try:
		return json.loads(text)
	except (ValueError, RecursionError) as error:
		refuse_argument(name, fault_of_json(error))


def read_text_or_texts(name: str, sent: Any) -> str | list:
	"""As text, a list begins with a bracket, which no id does."""
	is_list = isinstance(sent, list) or (isinstance(sent, str) and sent.lstrip().startswith("["))
	return READERS[list](name, sent) if is_list else read_text(name, sent)


def refuse_type(name: str, wanted: type, value: Any) -> None:
	got = next((_(text) for kind, text in JSON_NAMES.items() if type(value) is kind), shown(value))
	refuse_argument(name, _("must be {0}, not {1}").format(_(JSON_NAMES[wanted]), got))


def shown(value: Any) -> str:
	text = repr(value)
	return text if len(text) <= 80 else f"{text[:80]}…"


READERS: dict[type, Callable[[str, Any], Any]] = {
	str: read_text,
	int: read_int,
	bool: read_bool,
	dict: read_json(dict),
	list: read_json(list),
	TextOrTexts: read_text_or_texts,
	object: lambda _name, sent: sent,
}

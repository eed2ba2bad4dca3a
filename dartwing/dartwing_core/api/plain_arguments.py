"""What Frappe's methods take for one value must be one: to them an object is a filter, and a list may be.

A method that is sent `{"name": ["like", "%"]}` for the name of a document takes the first that it finds.
"""

from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.conditions_by_name import FRAPPES, is_a_condition
from dartwing.dartwing_core.api.filter_lists import ARGUMENT, is_operator, read
from dartwing.dartwing_core.api.mentions import ONE_NAME, PROSE
from dartwing.dartwing_core.api.name_places import given
from dartwing.dartwing_core.api.taken_objects import LISTS, OBJECTS, SEVERAL
from dartwing.dartwing_core.background_jobs.errors import refuse_argument

# what says which document a document in an argument is, and of which it is a row
OF_DOCUMENTS = ("doctype", "parent", "parenttype")


def check(method: str, form: dict) -> None:
	"""Raise ValidationError, which names the argument, for an object or a list where a method takes none.

	What the method is not given at all may be anything.
	"""
	if not method.startswith(FRAPPES) or "System Manager" in frappe.get_roles():
		return
	for argument, value in given(method, form).items():
		if not is_as_meant(method, argument, value):
			refuse_argument(argument, _("must be one value"))
		if ONE_NAME.match(argument) and isinstance(value, int | float):
			# a number equals many texts in SQL
			form[argument] = str(value)


def is_as_meant(method: str, argument: str, value: Any) -> bool:
	"""Whether the method takes such a value there: a text, or the JSON of an object or a list."""
	if is_a_condition(method, argument):
		return is_value_of_condition(value)
	if argument in PROSE:
		return not isinstance(value, dict | list)
	if ARGUMENT.search(argument):
		# a filter where one is meant to be
		return True
	if argument in OBJECTS.get(method, ()):
		return not has_filter_as_name(value)
	if argument in SEVERAL.get(method, ()):
		return is_list_of_names(value)
	return is_one_value(value) or (argument in LISTS.get(method, ()) and is_list_of_values(value))


def is_value_of_condition(value: Any) -> bool:
	"""Whether it is one value, or an operator and what it compares with."""
	value = read(value)
	if not isinstance(value, list):
		return is_one_value(value)
	is_pair = len(value) == 2 and is_operator(value[0])
	return is_pair and (is_one_value(value[1]) or is_list_of_values(value[1]))


def is_one_value(value: Any) -> bool:
	return not isinstance(read(value), dict | list)


def is_list_of_values(value: Any) -> bool:
	value = read(value)
	return isinstance(value, list) and all(map(is_one_value, value))


def is_list_of_names(value: Any) -> bool:
	"""Whether it is one, a list of them, or such lists by their DocTypes."""
	value = read(value)
	if isinstance(value, dict):
		return all(map(is_list_of_values, value.values()))
	return is_one_value(value) or is_list_of_values(value)


def has_filter_as_name(value: Any, key: str = "") -> bool:
	"""Whether an object or a list stands for the one name in an object, but in its filters."""
	value = read(value)
	if isinstance(value, dict):
		return is_one_name(key) or any(
			has_filter_as_name(one, str(name)) for name, one in value.items() if not is_passed_over(str(name))
		)
	if isinstance(value, list):
		return is_one_name(key) or any(map(has_filter_as_name, value))
	return False


def is_one_name(key: str) -> bool:
	return bool(ONE_NAME.match(key)) or key in OF_DOCUMENTS


def is_passed_over(key: str) -> bool:
	"""Whether it holds filters that are meant to be some, or prose."""
	return key in PROSE or bool(ARGUMENT.search(key))

"""Argument checks of whitelisted functions."""

import pytest
from frappe.exceptions import FrappeTypeError
from frappe.utils.typing_validations import validate_argument_types


@validate_argument_types
def typed(number: int, text: str = "t", flag: bool = False, later: "Unknown" = None, free=None):  # noqa: F821
	return number, text, flag, later, free


@pytest.mark.parametrize(
	("args", "kwargs", "expected"),
	[
		(("5",), {}, (5, "t", False, None, None)),
		((5, "x"), {"flag": 1}, (5, "x", 1, None, None)),
		((), {"number": "7", "later": object, "free": 1}, (7, "t", False, object, 1)),
	],
)
def test_arguments_are_cast_to_their_annotations(args, kwargs, expected):
	assert typed(*args, **kwargs) == expected


@pytest.mark.parametrize(
	("kwargs", "message"),
	[
		({"number": "five"}, "Argument 'number' should be of type 'int' but got 'str' instead."),
		({"number": 1, "text": 2}, "Argument 'text' should be of type 'str' but got 'int' instead."),
	],
)
def test_a_wrong_argument_is_named(kwargs, message):
	with pytest.raises(FrappeTypeError, match=message):
		typed(**kwargs)


def test_nothing_is_checked_where_the_condition_does_not_hold():
	def plain(number: int):
		return number

	assert validate_argument_types(plain, apply_condition=lambda: False)("x") == "x"

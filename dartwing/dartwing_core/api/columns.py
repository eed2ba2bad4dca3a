"""What may stand in a request where Frappe's query has columns: names of fields, and sums of them.

Frappe v15 puts such texts into its statement as they are, and looks for words that it knows as harmful. So
here it is the other way round: a text is let through only if all of it can be read as a list of columns, as
Desk and the documentation of Frappe write them.
"""

import re
from collections.abc import Iterator
from typing import Any

# sums, parts of dates and the like: none of them takes long, or tells of anything but the rows
FUNCTIONS = (
	"avg",
	"coalesce",
	"count",
	"date",
	"day",
	"ifnull",
	"lower",
	"max",
	"min",
	"month",
	"quarter",
	"round",
	"sum",
	"upper",
	"week",
	"year",
)
NAME = r"(?:`[\w .]+(?:-[\w .]+)*`|\w+)"
COLUMN = rf"(?:{NAME}\.)?(?:{NAME}|\*)"
CALL = rf"(?:{'|'.join(FUNCTIONS)})\s*\(\s*(?:distinct\s+)?{COLUMN}(?:\s*,\s*{COLUMN})*\s*\)"
# a report calls a column of a child table by its DocType, a colon and its name
WORDS = r"[\w .:]*(?:-[\w .:]+)*"
ALIAS = rf"(?:{NAME}|'{WORDS}'|\"{WORDS}\")"
ITEM = re.compile(
	rf"\s*(?:distinct\s+)?(?:{CALL}|{COLUMN})(?:\s+as\s+{ALIAS})?(?:\s+(?:asc|desc))?\s*(,|$)",
	re.IGNORECASE,
)
# no two hyphens, with which a comment begins
DOCTYPE = re.compile(r"[\w ]+(?:-[\w ]+)*")


def is_columns(text: str) -> bool:
	"""Whether the text is a list of columns, each with an alias or a direction, or nothing."""
	position, is_over = 0, not text.strip()
	while not is_over:
		item = ITEM.match(text, position)
		if not item:
			return False
		position, is_over = item.end(), item[1] == ""
	return True


def texts_that_are_none(value: Any, is_of_document: bool = False) -> Iterator[str]:
	"""The texts in an argument for columns that do not read as columns: a text, a list, `{"COUNT": "name"}`.

	A saved report has a field with its DocType, `["name", "Background Job"]`; of another list within the list
	Frappe v15 makes filters. In a document that is sent to be stored, a row of a child table, which says the
	name of its field or its DocType, is no part of a query.
	"""
	if isinstance(value, str):
		if not is_columns(value):
			yield value
	elif isinstance(value, list):
		for one in value:
			if isinstance(one, list) and len(one) > 2:
				yield str(one)
			if not (is_of_document and is_row(one)):
				yield from texts_that_are_none(one[0] if is_field_with_doctype(one) else one)
	elif isinstance(value, dict):
		for key, one in value.items():
			yield from (*texts_that_are_none(key), *texts_that_are_none(one))


def is_row(value: Any) -> bool:
	return isinstance(value, dict) and bool({"fieldname", "doctype"} & value.keys())


def is_field_with_doctype(value: Any) -> bool:
	is_pair = isinstance(value, list) and len(value) == 2
	return is_pair and isinstance(value[1], str) and bool(DOCTYPE.fullmatch(value[1]))

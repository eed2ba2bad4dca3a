"""What becomes of a value in the cell of an exported file.

Most values stay as they are. What a file's format or the programs that open it cannot hold is changed
and counted, so that an export can say in how many cells it differs from the database.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

# how a spreadsheet recognises a formula, also in full width; OWASP, "CSV Injection"
FORMULA_BEGINS_WITH = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Excel's limits: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
XLSX_MAX_UNITS = 32_767
XLSX_MAX_DIGITS = 15
XLSX_FIRST_YEAR = 1900
# what XML 1.0 does not allow (production 2, Char); one such character makes a whole sheet unreadable
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
REPLACEMENT = "\ufffd"
# ECMA-376, ST_Xstring: a program that reads `_x0041_` shows "A"; the underscore itself is `_x005F_`
LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class Cells:
	"""Values as they are, for formats that hold them all; `changed` counts the cells that differ."""

	def __init__(self, changed: Mapping[str, int] | None = None):
		self.changed = Counter(changed or {})

	def cell(self, value: Any) -> Any:
		return value


class InertCsvCells(Cells):
	"""Texts that a spreadsheet would take for formulas get an apostrophe in front: `made_inert`."""

	def cell(self, value: Any) -> Any:
		if not isinstance(value, str) or not value.startswith(FORMULA_BEGINS_WITH):
			return value
		self.changed["made_inert"] += 1
		return f"'{value}"


class XlsxCells(Cells):
	"""What Excel can hold of each value.

	Texts are cut (`shortened`) and their control characters replaced (`replaced_characters`). Numbers of
	more than 15 digits and dates before 1900 become texts (`numbers_as_text`, `dates_as_text`).
	"""

	def cell(self, value: Any) -> Any:
		if isinstance(value, str):
			return self._text(value)
		if isinstance(value, int | Decimal) and _digits(value) > XLSX_MAX_DIGITS:
			self.changed["numbers_as_text"] += 1
			return str(value)
		if isinstance(value, date) and value.year < XLSX_FIRST_YEAR:
			self.changed["dates_as_text"] += 1
			return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
		return value

	def _text(self, text: str) -> str:
		# Excel's line breaks are \n, and so are those of an XML parser
		legal = NOT_XML.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))
		if legal != text:
			self.changed["replaced_characters"] += 1
		kept = _shortened(legal)
		if kept != legal:
			self.changed["shortened"] += 1
		return LOOKS_ESCAPED.sub("_x005F_", kept)


def _digits(number: int | Decimal) -> int:
	"""Significant digits, without the zeros at the end of a whole number."""
	return len(Decimal(number).normalize().as_tuple().digits)


def _shortened(text: str) -> str:
	"""At most 32,767 units of UTF-16, as Excel counts; an ellipsis tells that there was more."""
	units = text.encode("utf-16-le")
	if len(units) <= 2 * XLSX_MAX_UNITS:
		return text
	return units[: 2 * (XLSX_MAX_UNITS - 1)].decode("utf-16-le", errors="ignore") + "…"

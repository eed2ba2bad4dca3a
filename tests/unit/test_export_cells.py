"""What an export makes of a value, and that it counts each cell that is no longer what was stored."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from openpyxl import Workbook, load_workbook

from dartwing.dartwing_core.background_jobs.handlers.export_cells import (
	XLSX_MAX_UNITS,
	InertCsvCells,
	XlsxCells,
)

UNCHANGED = [
	None,
	"",
	"José",
	"a = b",
	"tab\tinside",
	"line\nbreak",
	7,
	-5,
	-1.5,
	Decimal("-12.50"),
	True,
	123456789012345,
	date(1900, 1, 1),
	date(2026, 11, 28),
	datetime(2026, 11, 28, 12, 30, 1),
	timedelta(hours=-3),
	"x" * XLSX_MAX_UNITS,
]


@pytest.mark.parametrize("value", UNCHANGED, ids=repr)
@pytest.mark.parametrize("kind", [InertCsvCells, XlsxCells])
def test_what_a_format_holds_stays_as_it_is(kind, value):
	cells = kind()
	assert cells.cell(value) is value or cells.cell(value) == value
	assert not cells.changed


@pytest.mark.parametrize(
	"begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(begin):
	cells = InertCsvCells()
	assert cells.cell(f"{begin}1+1") == f"'{begin}1+1"
	assert cells.changed == {"made_inert": 1}


@pytest.mark.parametrize(
	("stored", "written", "change"),
	[
		("x" * 40_000, "x" * (XLSX_MAX_UNITS - 1) + "…", "shortened"),
		("😀" * 20_000, "😀" * 16_383 + "…", "shortened"),
		("a\x0bb", "a\ufffdb", "replaced_characters"),
		("a\uffffb", "a\ufffdb", "replaced_characters"),
		("a\r\nb\rc", "a\nb\nc", "replaced_characters"),
		(date(1850, 1, 1), "1850-01-01", "dates_as_text"),
		(datetime(1899, 12, 31, 23, 59, 58), "1899-12-31 23:59:58", "dates_as_text"),
		(9007199254740993, "9007199254740993", "numbers_as_text"),
		(Decimal("1234567890123.4567"), "1234567890123.4567", "numbers_as_text"),
	],
	ids=lambda value: repr(value)[:30],
)
def test_what_excel_cannot_hold_is_changed_and_counted(stored, written, change):
	cells = XlsxCells()
	assert cells.cell(stored) == written
	assert cells.changed == {change: 1}


def test_a_text_that_looks_like_an_escaped_character_is_shown_by_excel_as_it_is():
	assert XlsxCells().cell("_x0041_ and x_y") == "_x005F_x0041_ and x_y"


@settings(deadline=None)
@given(some.text(some.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_makes_a_sheet_unreadable(text):
	book = Workbook(write_only=True)
	sheet = book.create_sheet()
	cells = XlsxCells()
	written = cells.cell("-" + text)
	sheet.append([written])
	file = BytesIO()
	book.save(file)
	((read,),) = load_workbook(file).active.values
	assert read == written
	assert cells.changed or written.replace("_x005F_", "_") == "-" + text

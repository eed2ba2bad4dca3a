"""Spreadsheets."""

import re
from io import BytesIO

import frappe
import openpyxl
from frappe.utils import strip_html
from openpyxl.styles import Font

TAG = re.compile(r"<[^<>]+>")
FORBIDDEN = re.compile(r"[\000-\010]|[\013-\014]|[\016-\037]")


def make_xlsx(data, sheet_name, wb=None, column_widths=None) -> BytesIO:
	"""A workbook with one sheet; the first row is bold."""
	book = wb or openpyxl.Workbook(write_only=True)
	sheet = book.create_sheet(sheet_name, 0)
	for index, width in enumerate(column_widths or [], 1):
		if width:
			sheet.column_dimensions[openpyxl.utils.get_column_letter(index)].width = width
	sheet.row_dimensions[1].font = Font(name="Calibri", bold=True)
	for row in data:
		sheet.append([plain(value) for value in row])
	file = BytesIO()
	book.save(file)
	return file


def plain(value):
	return FORBIDDEN.sub("", handle_html(value)) if isinstance(value, str) else value


def handle_html(data) -> str:
	"""Text without markup. Text that has none comes back as it is."""
	text = frappe.as_unicode(data)
	return strip_html(text).strip() if TAG.search(text) else text

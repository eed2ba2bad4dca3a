"""Excel files."""

import re
from io import BytesIO

import frappe
import openpyxl
from frappe._api.unsupported import attributes_of
from frappe.utils import strip_html
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.workbook.child import INVALID_TITLE_REGEX

TAG = re.compile(r"<[^<>]+>")


def make_xlsx(data, sheet_name, wb=None, column_widths=None) -> BytesIO:
	"""A workbook with the rows of `data` on a new first sheet; markup and control characters are left out."""
	wb = wb or openpyxl.Workbook(write_only=True)
	sheet = wb.create_sheet(INVALID_TITLE_REGEX.sub(" ", sheet_name), 0)
	for number, width in enumerate(column_widths or [], 1):
		if width:
			sheet.column_dimensions[get_column_letter(number)].width = width
	for row in data:
		sheet.append([plain(value) for value in row])
	file = BytesIO()
	wb.save(file)
	return file


def plain(value):
	return ILLEGAL_CHARACTERS_RE.sub("", handle_html(value)) if isinstance(value, str) else value


def handle_html(data) -> str:
	"""Text without markup. Text that has none comes back as it is."""
	text = frappe.as_unicode(data)
	return strip_html(text).strip() if TAG.search(text) else text


__getattr__ = attributes_of(__name__)

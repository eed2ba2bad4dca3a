"""What the Desk's exports share."""

import csv
from io import StringIO

import frappe
from frappe import _
from frappe.utils import cint, cstr


def pop_csv_params(form_dict) -> dict:
	"""Take the CSV options out of the form; they are arguments of `csv.writer`."""
	return {
		"delimiter": cstr(form_dict.pop("csv_delimiter", ","))[0],
		"quoting": cint(form_dict.pop("csv_quoting", csv.QUOTE_NONNUMERIC)),
	}


def get_csv_bytes(data: list[list], csv_params: dict) -> bytes:
	file = StringIO()
	csv.writer(file, **csv_params).writerows(data)
	return file.getvalue().encode()


def provide_binary_file(filename: str, extension: str, content: bytes) -> None:
	"""Answer the request with a download."""
	frappe.response.update(type="binary", filecontent=content, filename=f"{_(filename)}.{extension}")

"""Names of new documents."""

import base64
import re
import secrets
import time
from datetime import date, datetime
from datetime import time as time_of_day

import frappe
from frappe._api.unsupported import refuse
from frappe.utils import cint, cstr, now_datetime

SERIES = re.compile(r"[\w\- \/.#{}]+")
IN_BRACES = re.compile(r"\{[\w | #]+\}")
PRINTABLE = (int, str, datetime, date, time_of_day)
HASH_PREFIX = 4
HASH_RANDOM = 6
MISSING = object()


class InvalidNamingSeriesError(frappe.ValidationError):
	pass


class NamingSeries:
	"""A series such as `JOB-.YYYY.-.#####`; parts are separated by dots."""

	def __init__(self, series: str):
		self.series = series if "#" in series else f"{series}.#####"

	def validate(self) -> None:
		if "." not in self.series:
			message = f"Invalid naming series {frappe.bold(self.series)}: dot (.) missing"
			frappe.throw(message, exc=InvalidNamingSeriesError)
		if not SERIES.fullmatch(self.series):
			message = (
				"Special Characters except '-', '#', '.', '/', '{{' and '}}' not allowed in naming series "
				f"{frappe.bold(self.series)}"
			)
			frappe.throw(message, exc=InvalidNamingSeriesError)

	def generate_next_name(self, doc, *, ignore_validate=False) -> str:
		if not ignore_validate:
			self.validate()
		return parse_naming_series(self.series.split("."), doc=doc)


def set_new_name(doc) -> None:
	"""Name a document: its autoname() method, else the DocType's autoname, else a hash."""
	doc.run_method("before_naming")
	meta = frappe.get_meta(doc.doctype)
	autoname = meta.autoname or ""
	if autoname.lower() != "prompt" and not frappe.flags.in_import:
		doc.name = None
	if is_autoincremented(doc.doctype, meta):
		doc.name = frappe.db.get_next_sequence_val(doc.doctype)
		return
	if getattr(doc, "amended_from", None):
		raise refuse("amended documents")
	if meta.issingle:
		doc.name = doc.doctype
	if not doc.name:
		doc.run_method("autoname")
	if not doc.name and autoname:
		set_name_from_naming_options(autoname, doc)
	doc.name = validate_name(doc.doctype, doc.name or make_autoname("hash", doc.doctype))


def is_autoincremented(doctype: str, meta=None) -> bool:
	meta = meta or frappe.get_meta(doctype)
	return not meta.issingle and meta.autoname == "autoincrement"


def set_name_from_naming_options(autoname: str, doc) -> None:
	kind = autoname.lower()
	if kind.startswith("field:"):
		fieldname = autoname[len("field:") :]
		doc.name = cstr(doc.get(fieldname)).strip()
		if not doc.name:
			frappe.throw(f"{doc.meta.get_label(fieldname)} is required")
	elif kind.startswith("naming_series:"):
		set_name_by_naming_series(doc)
	elif kind.startswith("prompt"):
		if not doc.name:
			frappe.throw("Please set the document name")
	elif kind.startswith("format:"):
		pattern = autoname[len("format:") :]
		doc.name = IN_BRACES.sub(lambda part: parse_naming_series([part[0][1:-1]], doc=doc), pattern)
	elif "#" in autoname:
		doc.name = make_autoname(autoname, doc=doc)


def set_name_by_naming_series(doc) -> None:
	if not doc.naming_series:
		doc.naming_series = get_default_naming_series(doc.doctype)
	if not doc.naming_series:
		frappe.throw("Naming Series mandatory")
	doc.name = make_autoname(f"{doc.naming_series}.#####", "", doc)


def get_default_naming_series(doctype: str) -> str | None:
	return next(filter(None, frappe.get_meta(doctype).get_naming_series_options()), None)


def make_autoname(key="", doctype="", doc="", *, ignore_validate=False) -> str:
	"""The next name of a series, or for "hash" ten characters that grow with time."""
	if key == "hash":
		return timestamp_prefix() + random_letters(HASH_RANDOM)
	return NamingSeries(key).generate_next_name(doc, ignore_validate=ignore_validate)


def timestamp_prefix() -> str:
	tenths = int(time.time() * 10) % 32**HASH_PREFIX
	return base64.b32hexencode(tenths.to_bytes(5, "big")).decode()[-HASH_PREFIX:].lower()


def random_letters(length: int = 10) -> str:
	return base64.b32hexencode(secrets.token_bytes(length)).decode()[:length].lower()


def parse_naming_series(parts: list[str] | str, doctype=None, doc=None, number_generator=None) -> str:
	"""Put a series together; the first run of # becomes a number counted per prefix."""
	name = ""
	is_numbered = False
	today = now_datetime()
	for part in parts.split(".") if isinstance(parts, str) else parts:
		if part.startswith("#"):
			if not is_numbered:
				name += (number_generator or getseries)(name, len(part))
				is_numbered = True
		elif part:
			value = value_of_part(part, doc, today)
			if isinstance(value, PRINTABLE):
				name += value if isinstance(value, str) else cstr(value).strip()
	return name


def value_of_part(part: str, doc, today):
	if part in ("YY", "MM", "DD", "YYYY"):
		return today.strftime({"YY": "%y", "MM": "%m", "DD": "%d", "YYYY": "%Y"}[part])
	if part == "WW":
		return consecutive_week(today)
	if part == "timestamp":
		return str(today)
	if doc and (part.startswith("{") or doc.get(part, MISSING) is not MISSING):
		return doc.get(part.replace("{", "").replace("}", ""))
	if parser := frappe.get_hooks("naming_series_variables", {}).get(part):
		return frappe.get_attr(parser[0])(doc, part)
	return part


def consecutive_week(today) -> str:
	"""The ISO week, but 00 and 53 where it belongs to the neighbouring year."""
	week = today.strftime("%V")
	if today.month == 1 and int(week) >= 52:
		return "00"
	return "53" if today.month == 12 and int(week) <= 1 else week


def getseries(key: str, digits: int) -> str:
	"""Count a series on; its row stays locked until the transaction ends."""
	rows = frappe.db.sql("select current from `tabSeries` where name = %s for update", key)
	if rows and rows[0][0] is not None:
		frappe.db.sql("update `tabSeries` set current = current + 1 where name = %s", key)
		current = cint(rows[0][0]) + 1
	else:
		frappe.db.sql("insert into `tabSeries` (name, current) values (%s, 1)", key)
		current = 1
	return str(current).zfill(digits)


def validate_name(doctype: str, name: int | str):
	"""The stripped name; NameError for one that cannot be a document's."""
	if not name:
		frappe.throw(f"No Name Specified for {doctype}")
	if isinstance(name, int):
		if is_autoincremented(doctype):
			frappe.db.set_next_sequence_val(doctype, name, is_val_used=True)
			return name
		frappe.throw("Invalid name type (integer) for varchar name column", frappe.NameError)
	if name.startswith(f"New {doctype}"):
		frappe.throw(
			"There were some errors setting the name, please contact the administrator", frappe.NameError
		)
	name = name.strip()
	if name == doctype and name != "DocType" and not frappe.get_meta(doctype).issingle:
		frappe.throw(f"Name of {doctype} cannot be {name}", frappe.NameError)
	if re.search("[<>]", name):
		frappe.throw("Name cannot contain special characters like '<', '>'", frappe.NameError)
	return name

"""Names of new documents: by a field, a series, a format, a prompt or a hash."""

import base64
import re
import secrets
import time

import frappe
from frappe._api.unsupported import refuse
from frappe.utils import cint, cstr, now_datetime

IN_BRACES = re.compile(r"\{(\w+)\}")
DATE_PARTS = {"YY": "%y", "MM": "%m", "DD": "%d", "YYYY": "%Y"}
HASH_PREFIX = 4
HASH_RANDOM = 6


def set_new_name(doc) -> None:
	"""Name a document: its autoname() method, else the DocType's autoname, else a hash."""
	doc.run_method("before_naming")
	autoname = doc.meta.autoname or ""
	if autoname.lower() != "prompt" and not frappe.flags.in_import:
		doc.name = None
	if getattr(doc, "amended_from", None):
		raise refuse("amended documents")
	if doc.meta.issingle:
		doc.name = doc.doctype
	if not doc.name:
		doc.run_method("autoname")
	if not doc.name and autoname:
		doc.name = name_by(autoname, doc)
	doc.name = validate_name(doc.doctype, doc.name or new_hash())


def name_by(autoname: str, doc) -> str | None:
	kind, _colon, rest = autoname.partition(":")
	if kind.lower() == "field":
		name = cstr(doc.get(rest)).strip()
		if not name:
			frappe.throw(f"{doc.meta.get_label(rest)} is required")
		return name
	if kind.lower() == "format":
		return IN_BRACES.sub(lambda part: cstr(doc.get(part[1])).strip(), rest)
	if kind.lower() == "prompt":
		frappe.throw("Please set the document name")
	if "#" in autoname:
		prefix, digits = split_series(doc.meta)
		return f"{prefix}{getseries(prefix, digits)}"
	if autoname != "hash":
		raise refuse(f"the autoname {autoname!r}")
	return None


def new_hash() -> str:
	"""Ten characters that grow with time."""
	tenths = int(time.time() * 10) % 32**HASH_PREFIX
	prefix = base64.b32hexencode(tenths.to_bytes(5, "big")).decode()[-HASH_PREFIX:]
	return (prefix + base64.b32hexencode(secrets.token_bytes(HASH_RANDOM)).decode()[:HASH_RANDOM]).lower()


def split_series(meta) -> tuple[str, int]:
	"""What comes before the number of a series such as `JOB-.YYYY.-.#####`, and its digits."""
	*parts, hashes = meta.autoname.split(".")
	for part in parts:
		if "{" in part or part in ("WW", "timestamp") or meta.has_field(part):
			raise refuse(f"{part!r} in the series {meta.autoname!r}")
	if set(hashes) != {"#"}:
		raise refuse(f"the series {meta.autoname!r}, which does not end with its number")
	today = now_datetime()
	return "".join(today.strftime(DATE_PARTS.get(part, part)) for part in parts), len(hashes)


def getseries(key: str, digits: int) -> str:
	"""Count a series on; its row stays locked until the transaction ends."""
	rows = frappe.db.sql("select current from `tabSeries` where name = %s for update", key)
	if rows:
		frappe.db.sql("update `tabSeries` set current = current + 1 where name = %s", key)
	else:
		frappe.db.sql("insert into `tabSeries` (name, current) values (%s, 1)", key)
	return str(rows[0][0] + 1 if rows else 1).zfill(digits)


def revert_series(doc) -> None:
	"""Give the number back if this was the last one of its series."""
	autoname = doc.meta.autoname or ""
	if "#" not in autoname or ":" in autoname:
		return
	prefix, _digits = split_series(doc.meta)
	current = frappe.db.sql("select current from `tabSeries` where name = %s for update", prefix)
	if current and current[0][0] == cint(doc.name.replace(prefix, "")):
		frappe.db.sql("update `tabSeries` set current = current - 1 where name = %s", prefix)


def validate_name(doctype: str, name: str) -> str:
	"""The stripped name; NameError for one that cannot be a document's."""
	if not name:
		frappe.throw(f"No Name Specified for {doctype}")
	if isinstance(name, int):
		frappe.throw("Invalid name type (integer) for varchar name column", frappe.NameError)
	name = name.strip()
	if name == doctype and name != "DocType" and not frappe.get_meta(doctype).issingle:
		frappe.throw(f"Name of {doctype} cannot be {name}", frappe.NameError)
	if re.search("[<>]", name):
		frappe.throw("Name cannot contain special characters like '<', '>'", frappe.NameError)
	return name

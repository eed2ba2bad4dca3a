"""Files in arguments of methods: users cannot name, or give the address of, a file that they may not read.

Frappe's methods read, copy, mail and unpack the files that they are told, and not all ask who may read those.
So each argument is looked at, however deep, before any method runs: the address of a file that may not be
read is refused as that of no file, and a File's name is replaced by one that does not exist (`door`).
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import FILTERS, ODD, PROSE, is_doctype
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.files import (
	as_compared,
	may_read,
	may_use,
	seen_letters,
)

# of a whole text; an image within a text is shown to who may read it
ADDRESS = re.compile(r"[^\s<>\"']*(private/|/)files/.")
# a host and the folders, each letter encoded thrice
LONGEST_START = 1000
# Frappe makes the names of Files
NAME_LENGTH = 10

Found = tuple[str, str, dict | None]


def refuse_foreign_addresses(form: dict) -> None:
	"""Raise DoesNotExistError, which names the argument, for an address that the user may not read.

	A document that is sent may hold what it holds already.
	"""
	found = (one for name, value in form.items() if is_looked_at(name) for one in addresses_in(value, name))
	for argument, url, document in found:
		if not may_use(url) and not (document and holds_already(document, argument, url)):
			refuse_argument(argument, _("no file {0}").format(repr(url)), frappe.DoesNotExistError)


def addresses_in(value: Any, argument: str = "", document: dict | None = None) -> Iterator[Found]:
	"""Argument, address, and the document in which it stands."""
	value = parsed(value)
	if isinstance(value, dict):
		is_document = isinstance(value.get("doctype"), str) and isinstance(value.get("name"), str)
		document = value if is_document and document is None else document
		for key, one in value.items():
			yield from addresses_in(str(key), argument, document)
			if is_looked_at(key):
				yield from addresses_in(one, str(key), document)
	elif isinstance(value, list):
		for one in value:
			yield from addresses_in(one, argument, document)
	elif isinstance(value, str) and is_address(value):
		yield argument, value.strip(), document


def is_looked_at(argument: str) -> bool:
	return argument not in PROSE and argument not in FILTERS


def is_address(text: str) -> bool:
	is_plain = text.isascii() and text.isprintable()
	start = text[:LONGEST_START] if is_plain else "".join(islice(seen_letters(text), LONGEST_START))
	# most texts are none
	if is_plain and "%" not in start and "files" not in start.lower():
		return False
	return any(map(ADDRESS.match, as_compared(start)))


def holds_already(document: dict, field: str, url: str) -> bool:
	"""Whether it is stored so, and may be read."""
	doctype, name = document["doctype"], document["name"]
	if not is_doctype(doctype) or not frappe.db.exists(doctype, name):
		return False
	stored = frappe.get_doc(doctype, name)
	rows = [stored, *stored.get_all_children()]
	is_there = any(row.meta.get_field(field) and row.get(field) == url for row in rows)
	return is_there and stored.has_permission("read")


def foreign_names(texts: list[str]) -> list[str]:
	"""Those of the texts that are names of Files which the user may not read."""
	names = [text for text in texts if may_be_a_files(text)]
	if not names or not frappe.get_all("File", {"name": ("in", names)}, limit=1):
		return []
	return [name for name in names if frappe.db.exists("File", name) and not may_read(name)]


def may_be_a_files(text: str) -> bool:
	"""Whether the database may take it for a name of that length: it ignores what cannot be seen."""
	return bool(ODD.search(text)) or (len(text.rstrip()) == NAME_LENGTH and text.rstrip().isalnum())

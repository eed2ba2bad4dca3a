"""Where a request names guarded DocTypes, and what its arguments are called.

A DocType is looked for by its value, not by the argument that Frappe's method happens to take it in: a new
method, or a new argument of an old one, is covered as it comes.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import frappe

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.routes import Route
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED, OWN

Change = Callable[..., str]

LONGEST_NAME = 140
# DocTypes of ours, guarded ones and those that many may read, of which only readable fields are asked
ASKED = tuple(OWN)
# a cheap look that tells most requests to pass; JSON may spell any letter as \u0041
SUSPECT = re.compile("|".join([*(".?".join(one.split()) for one in ASKED), r"\\u"]), re.IGNORECASE)
# whatever is no printable ASCII: the database takes Ä for A, and ignores what cannot be seen
ODD = re.compile(r"[^\x20-\x7e]")
# small letters above others, which the database takes for letters and Unicode does not decompose
LETTERS_ABOVE = str.maketrans(dict(zip(range(0x363, 0x370), "aeioucdhmrtvx", strict=True)))
# a letter that lengthens another, and that the database ignores when it compares
PASSED_OVER = "\N{ARABIC TATWEEL}"
# arguments by which methods of other apps name a DocType; they may mean anything by a mere "Person"
NAMING = re.compile(r"doctype|^dt$", re.IGNORECASE)
# arguments of Frappe's methods, and fields of documents in them, that say which DocType is meant
SAYS_DOCTYPE = re.compile(
	r"doctype|document_type|reference_type|(^|_)dt$|^(allow|ref|parent)$", re.IGNORECASE
)
# arguments of methods that carry what is to be stored or searched for, and never a name
PROSE = frozenset(
	("comment", "content", "description", "html", "label", "message", "subject", "title", "txt")
)
# fields of documents that hold another document's name without being a link
NAME_FIELDS = frozenset(
	("attached_to_name", "docname", "document_name", "reference_docname", "reference_name")
)
# what holds one name; Frappe takes a filter there as well
ONE_NAME = re.compile(r"^(name|dn|(.*_)?docname|(reference|document|link|share|attached_to)_name)$")
# in these, Frappe narrows the condition by what the user may see
# what Desk keeps of each column, by its name
BY_COLUMN = ("column_widths",)
FILTERS = frozenset(("applied_filters", "current_filters", "filters", "filters_json", "or_filters"))
TABLES = re.compile("|".join(f"tab{doctype}" for doctype in GUARDED), re.IGNORECASE)
ASKED_BY_SLUG = {doctype.replace(" ", "").lower(): doctype for doctype in ASKED}
BY_SLUG = {slug: doctype for slug, doctype in ASKED_BY_SLUG.items() if doctype in GUARDED}


def is_suspect(value: Any) -> bool:
	"""Whether a guarded DocType may be named in the value; no look at the database."""
	if isinstance(value, str):
		return bool(SUSPECT.search(value) or (ODD.search(value) and SUSPECT.search(letters_of(value))))
	if isinstance(value, dict):
		return any(is_suspect(key) or is_suspect(one) for key, one in value.items())
	if isinstance(value, list | tuple):
		return any(is_suspect(one) for one in value)
	return False


def guarded_doctype(text: Any) -> str | None:
	"""The guarded DocType that a text is, however its letters and blanks are written."""
	return BY_SLUG.get(letters_of(text)) if isinstance(text, str) and may_be_a_name(text) else None


def may_be_a_name(text: str) -> bool:
	"""Whether the database can take the text for a name, which has at most 140 characters.

	It ignores blanks at the end, and marks and characters that cannot be seen, however many.
	"""
	if len(text) <= LONGEST_NAME:
		return True
	counted = (
		one for one in text.rstrip() if unicodedata.category(one)[0] in "LNPSZ" and one not in PASSED_OVER
	)
	return next(islice(counted, LONGEST_NAME, None), None) is None


def letters_of(text: str) -> str:
	"""The letters a to z of a text as MariaDB compares it (utf8mb4_unicode_ci), where Ｂä is "ba"."""
	plain = unicodedata.normalize("NFKD", text.translate(LETTERS_ABOVE)).casefold()
	return re.sub("[^a-z]", "", plain)


def doctypes_in(value: Any, key: str = "", is_foreign: bool = False) -> Iterator[str]:
	"""Guarded DocTypes that are named anywhere in the value, in JSON texts too.

	In arguments of another app's method (`is_foreign`) only where the argument says that it is one.
	"""
	value = parsed(value)
	if isinstance(value, dict):
		for name, one in value.items():
			yield from doctypes_in(str(name), key, is_foreign)
			if name not in PROSE:
				yield from doctypes_in(one, str(name), is_foreign)
	elif isinstance(value, list | tuple):
		for one in value:
			yield from doctypes_in(one, key, is_foreign)
	elif (doctype := guarded_doctype(value)) and (not is_foreign or NAMING.search(key)):
		yield doctype


def is_doctype(name: Any) -> bool:
	"""Whether it is the name of a DocType; not even a text if it comes from outside."""
	return isinstance(name, str) and bool(frappe.db.exists("DocType", name, cache=True))


def has_no_text_as_name(value: Any, key: str = "") -> bool:
	"""Whether a filter stands where one name should, or a number, which equals many texts in SQL."""
	if value is not None and not isinstance(value, str) and ONE_NAME.match(key):
		return True
	if isinstance(value, dict):
		names = [name for name in value if name not in FILTERS and name not in BY_COLUMN]
		return any(has_no_text_as_name(value[name], str(name)) for name in names)
	if isinstance(value, list):
		return any(has_no_text_as_name(one) for one in value)
	inner = parsed(value)
	return inner is not value and has_no_text_as_name(inner)


# --- addresses: of a document, or of a page, /…/<DocType>/<name>, of which a name may have slashes


def doctypes_in_address(route: Route) -> Iterator[str]:
	yield from filter(None, map(guarded_doctype, route.doctypes()))


def asked_in_address(route: Route) -> Iterator[str]:
	"""As `doctypes_in_address`, also those of our DocTypes that many may read."""
	texts = (text for text in route.doctypes() if may_be_a_name(text))
	yield from filter(None, (ASKED_BY_SLUG.get(letters_of(text)) for text in texts))


def names_in_address(route: Route) -> Iterator[str]:
	if route.name and guarded_doctype(route.doctype):
		yield route.name
	for _start, _end, name in names_in_page(route):
		yield name


def names_in_page(route: Route) -> Iterator[tuple[int, int, str]]:
	"""Start, end and text of what may be a name: segments after a guarded DocType, the longest first."""
	segments = route.segments()
	for position, segment in enumerate(segments):
		if guarded_doctype(segment):
			for end in range(len(segments), position + 1, -1):
				yield position + 1, end, "/".join(segments[position + 1 : end])


def changed_address(route: Route, change: Change) -> str:
	if route.name and guarded_doctype(route.doctype):
		return route.with_name(change(route.name))
	for start, end, name in names_in_page(route):
		after = change(name)
		if after != name:
			segments = route.segments()
			return route.with_segments([*segments[:start], after, *segments[end:]])
	return route.path

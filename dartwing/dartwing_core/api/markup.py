"""Markup and scripts in what a member saves: Desk writes nearly all of it into its screens as HTML.

Frappe cleans markup, but looks at what kind of field and what kind of text it is before. It leaves alone:
- texts that are JSON, as a text in quotation marks is;
- texts in which Python's reader of HTML finds no tag, where browsers do: tags that do not end, comments;
- addresses, e-mail addresses, barcodes, code, fields that say so, and documents that are submitted;
- what breaks out of an attribute without any tag, as a color does that has a quotation mark.

Here each kind of field says what it takes. `KINDS` and `NOT_CHECKED` have all kinds of text; the others are
numbers, times or names of documents, which Frappe reads itself.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.json_texts import MARKUP, has_markup, parsed
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.asking import is_asked_by_a_member
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED
from dartwing.dartwing_core.background_jobs.texts import HARMLESS_OPENING

# a name, or as CSS writes it: #1F75FE, light-blue, Dark Grey, rgb(0 0 0 / 50%), var(--blue-500)
COLOR = re.compile(r"#[0-9a-f]{3,8}|[a-z][a-z0-9 -]*|(?:rgba?|hsla?|var)\([\w\s.,%/-]*\)", re.IGNORECASE)
# names of icons and of CSS classes, paths of images, emoji
ICON = re.compile(r"(?:[\w .:/-]|[^\x00-\x7f])*")
# what draws bars and the text below them
BARCODE_TAG = re.compile(r"</?(?:svg|g|rect|path|text)(?:\s+(?!on|href)[\w-]+=\"[^\"<>]*\")*\s*/?>")
NOT_IN_AN_ADDRESS = re.compile(r"[\"<>]|^(?:javascript|vbscript|data:text)", re.IGNORECASE)
# a browser ignores these before the scheme of an address and within it
PASSED_OVER = re.compile(r"[\x00-\x20]")
# Jane Doe <jane@example.com>; the addresses of mails that came back have equals signs
MAILBOX = re.compile(r"<[\w.+%'=-]+@[\w.-]+>")
# what runs in a text that has tags: elements, handlers, addresses
TAG = re.compile("<[a-zA-Z]")
RUNS = re.compile(
	r"<(?:script|iframe|frame|object|embed|applet|base|meta|link)\b|[\s\"'/]on[a-z]{3,}\s*=", re.IGNORECASE
)
# where an address begins: an attribute, one of several in an attribute, a link of Markdown
RUN_ADDRESS = re.compile(r"(?:^|[=(\"'`;,<]|\]:)(?:java|vb)script:", re.IGNORECASE)
# ends an attribute, and begins one that runs, whatever stands between the two
QUOTE = re.compile("[\"']")
HANDLER = re.compile(
	r"[\s\"'/<>](?:on(?!(?:board|boarding|going|line|looker|set|shore|site|stage|wards?)\b)[a-z]{3,}"
	r"|formaction|(?:xlink:)?href|src(?:doc|set)?|style)\s*=",
	re.IGNORECASE,
)
# a tag that has plain attributes or none, which end where they seem to
PLAIN_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s+[a-z][\w-]*=\"[^\"<>]*\")*\s*/?>", re.IGNORECASE)
RUNS_IN_TAG = re.compile(r"on[a-z]{3,}\s*=|formaction|srcdoc", re.IGNORECASE)
# kinds of short texts, of longer ones, and names of fields that are addresses
IN_ATTRIBUTES = frozenset(("Autocomplete", "Data", "Phone", "Read Only", "Select", "Small Text"))
LONGER = frozenset(("HTML Editor", "Long Text", "Markdown Editor", "Text", "Text Editor"))
# what says of a field that Desk shows it where it lists documents
LISTED = ("in_list_view", "in_global_search", "in_preview", "in_standard_filter")
ADDRESS_FIELD = re.compile(r"(?:^|_)(?:url|uri|link|href|route|website|src|redirect\w*)(?:_|$)")
# what Frappe itself makes of others' documents and mails, and shows as it is written
COMPOSED = frozenset(
	("Email Queue", "Email Queue Recipient", "Error Log", "Integration Request", "Prepared Report", "Version")
)
# begins a text that Frappe takes for Markdown
MARKDOWN = "<!-- markdown -->"

# returns the reason to refuse a value, or None
Check = Callable[[str], str | None]


def reason_against_address(value: str) -> str | None:
	is_none = NOT_IN_AN_ADDRESS.search(PASSED_OVER.sub("", value))
	return _("must be an address") if is_none else None


def reason_against_color(value: str) -> str | None:
	return None if COLOR.fullmatch(value.strip()) else _("must be a color")


def reason_against_icon(value: str) -> str | None:
	return None if ICON.fullmatch(value) else _("must be the name of an icon")


def reason_against_barcode(value: str) -> str | None:
	return _("must not be markup") if re.search("[<>]", BARCODE_TAG.sub("", value)) else None


def reason_against_mailbox(value: str) -> str | None:
	return _("must not be markup") if MARKUP.search(MAILBOX.sub("", value)) else None


def reason_against_json(value: str) -> str | None:
	"""What Frappe does not clean since it is JSON."""
	return _("must not be markup") if parsed(value) is not value and has_markup(value) else None


def reason_against_script(value: Any) -> str | None:
	"""What runs where it is shown, for what is meant to have markup."""
	inner = parsed(value)
	if isinstance(inner, dict | list):
		parts = [*inner, *inner.values()] if isinstance(inner, dict) else inner
		return next(filter(None, map(reason_against_script, parts)), None)
	if not isinstance(inner, str) or not TAG.search(inner):
		return None
	return _("must have no scripts") if runs_in_tags(inner) or has_run_address(inner) else None


def runs_in_tags(text: str) -> bool:
	"""Where all tags are plain ones, what stands between them is text, whatever it looks like."""
	is_plain = not TAG.search(PLAIN_TAG.sub(" ", text))
	return any(map(RUNS.search, PLAIN_TAG.findall(text) if is_plain else [text]))


def has_run_address(text: str) -> bool:
	return bool(RUN_ADDRESS.search(PASSED_OVER.sub("", html.unescape(text))))


# secrets, of which the document has asterisks; and images, at whose addresses `refuse_images` looks, whoever
# saves them
NOT_CHECKED = frozenset(("Attach Image", "Password"))
KINDS: dict[str, Check] = {
	"Attach": reason_against_address,
	"Barcode": reason_against_barcode,
	"Color": reason_against_color,
	"Icon": reason_against_icon,
	"JSON": reason_against_script,
	"Signature": reason_against_address,
	# what Frappe cleans, if it sees it
	**dict.fromkeys(
		(
			*("Autocomplete", "Data", "Geolocation", "HTML Editor", "Long Text", "Markdown Editor"),
			*("Phone", "Read Only", "Select", "Small Text", "Text", "Text Editor"),
		),
		reason_against_json,
	),
}
# of Data, which says in its options what it is
DATA_KINDS: dict[str, Check] = {"Email": reason_against_mailbox, "URL": reason_against_address}


def texts_of(row: Any, values: dict[str, Any], *fieldtypes: str) -> Iterator[tuple[str, str]]:
	"""Those of the values that are texts of fields of these types."""
	for field in row.meta.get("fields", {"fieldtype": ("in", fieldtypes)}):
		value = values.get(field.fieldname)
		if isinstance(value, str):
			yield field.fieldname, value


def refuse_images(row: Any, values: dict[str, Any]) -> None:
	"""The address of an image becomes a part of the markup of every screen that shows whose it is."""
	for name, value in texts_of(row, values, "Attach Image"):
		if reason_against_address(value):
			refuse_argument(name, _("must be the address of an image"))


def breaks_out(row: Any, field: Any, value: Any) -> bool:
	"""Whether a value that is no markup runs where Desk writes it into an attribute: in its middle, or as it.

	Desk writes short texts, and whatever it lists a document with, into attributes, and addresses that are
	plain Data into links.
	"""
	if not isinstance(value, str):
		return False
	# Desk writes its own texts into attributes, in the language of whoever looks
	is_short = field.fieldtype in IN_ATTRIBUTES or row.get("doctype") == "Translation" or has_mailboxes(field)
	is_address = bool(ADDRESS_FIELD.search(field.fieldname)) and (is_short or field.fieldtype == "Code")
	is_in_attributes = is_short or (field.fieldtype in LONGER and is_listed(row.meta, field))
	said = value if is_short else without_plain_tags(value)
	return (is_in_attributes and ends_an_attribute(said)) or (
		is_address and bool(reason_against_address(value))
	)


def has_mailboxes(field: Any) -> bool:
	"""Whether it is a list of addresses of mails, which Frappe keeps as code, and names its recipients by."""
	return field.fieldtype == "Code" and (field.get("options") or "").lower() == "email"


def is_listed(meta: Any, field: Any) -> bool:
	names = (meta.get("title_field"), *(meta.get("search_fields") or "").split(","))
	return field.fieldname in [str(name).strip() for name in names] or any(map(field.get, LISTED))


def ends_an_attribute(text: str) -> bool:
	"""Whether a quotation mark is followed by a handler, an address or looks, whatever stands between."""
	quote = QUOTE.search(text)
	return bool(quote and HANDLER.search(text, quote.start()))


def without_plain_tags(text: str) -> str:
	"""What stands between the tags of a text as editors write them: a link in it ends no attribute.

	A tag in which something is called as a handler stays.
	"""
	return PLAIN_TAG.sub(lambda tag: tag[0] if RUNS_IN_TAG.search(tag[0]) else " ", text)


def refuse_in_address(arguments: dict[str, Any]) -> None:
	"""Pages of the website repeat what they were asked, also within attributes."""
	for argument, value in arguments.items():
		if has_markup([argument, value]) or ends_an_attribute(f"{argument} {value}"):
			refuse_argument("address", _("must not be markup"))


def refuse_name(name: Any) -> None:
	"""Names of documents, tags too, are written into attributes; Frappe itself refuses `<` and `>`."""
	if ends_an_attribute(str(name or "")):
		refuse_argument("name", _("must not be markup"))


def refuse_or_clean(doc: Any, row: Any, values: dict[str, Any]) -> None:
	"""Raise for a value that runs or may break out where it is shown; clean what Frappe would not see."""
	for field in row.meta.get("fields"):
		value = values.get(field.fieldname)
		if isinstance(value, str):
			check = check_of(doc, row, field)
			reason = check(value) if check else None
			if not reason and breaks_out(row, field, value):
				reason = _("must not be markup")
			if not reason and is_markdown(doc, field) and has_run_address(value):
				reason = _("must have no scripts")
			if reason:
				refuse_argument(field.fieldname, reason)
			if check is reason_against_json and has_hidden_tag(value):
				row.set(field.fieldname, without_tags(value))


def check_of(doc: Any, row: Any, field: Any) -> Check | None:
	if field.fieldtype == "Code":
		return check_of_code(doc, row, field)
	# what is ours has no markup wherever it is shown
	if field.fieldtype == "JSON" and row.doctype in GUARDED:
		return None
	check = KINDS.get(field.fieldtype)
	if field.fieldtype in ("Data", "Small Text", "Text"):
		check = DATA_KINDS.get(field.get("options") or "", check)
	if check is reason_against_json and is_left_raw(doc, field):
		return None if is_of_the_website(doc) else reason_against_raw
	return check


def check_of_code(doc: Any, row: Any, field: Any) -> Check | None:
	"""What is code by its options runs where it is used; Desk runs what should be JSON without reading it."""
	# Frappe writes them into screens
	if row.doctype in ("Report", "Translation"):
		return reason_against_json
	if is_of_the_website(doc) or row.doctype in COMPOSED:
		return None
	return CODES.get((field.get("options") or "").lower(), reason_against_code)


def reason_against_expression(value: str) -> str | None:
	try:
		json.loads(value)
	except ValueError:
		return _("must be JSON")
	return None


def reason_against_code(value: str) -> str | None:
	return _("may be written by System Managers only")


def is_left_raw(doc: Any, field: Any) -> bool:
	"""Whether Frappe cleans nothing in it."""
	return bool(field.get("ignore_xss_filter") or frappe.utils.cint(doc.get("docstatus")))


def is_markdown(doc: Any, field: Any) -> bool:
	"""Whether links are made of it that it does not have yet."""
	return field.fieldtype == "Markdown Editor" and not is_of_the_website(doc)


def is_of_the_website(doc: Any) -> bool:
	"""Pages of the website, whose scripts Website Managers write."""
	return doc.meta.module == "Website" and not is_asked_by_a_member("Website Manager")


def reason_against_raw(value: str) -> str | None:
	"""For what Frappe does not clean at all."""
	return reason_against_json(value) or reason_against_script(value)


class TagFoundError(Exception):
	"""There is one."""


class Tags(HTMLParser):
	"""Raises for the first tag that Frappe finds in a text, and so cleans it."""

	def handle_starttag(self, tag: str, attrs: list) -> None:
		raise TagFoundError


def has_hidden_tag(value: str) -> bool:
	"""Whether a browser finds tags in a text where Frappe finds none."""
	if not MARKUP.search(value.replace(MARKDOWN, "")) or parsed(value) is not value:
		return False
	try:
		# what does not end is not looked at once more: that may take long
		Tags().feed(value)
	except TagFoundError:
		return False
	except AssertionError:
		# what Frappe could not read at all
		return True
	return True


def without_tags(value: str) -> str:
	return MARKDOWN.join(re.sub("<(?=[a-zA-Z/!?])", HARMLESS_OPENING, part) for part in value.split(MARKDOWN))


# by the options of its field; templates of Desk write what is of no language into a page
CODES: dict[str, Check] = {
	**dict.fromkeys(("", "css", "scss"), reason_against_raw),
	"email": reason_against_mailbox,
	"json": reason_against_expression,
}

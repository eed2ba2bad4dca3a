"""What makes every text that people see storable, plain, and of a length that its column takes.

A user, a handler or a parameter can influence errors, messages, reasons, names and references. Frappe puts
most values into its screens as HTML: it cleans what a form saves, which is not how the engine writes. So
what goes through here is no markup even where a screen forgets to escape it; every screen of ours does.
What a text must not say because it is secret is `masking`'s.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import frappe
from rq.timeouts import BaseTimeoutException

ELLIPSIS = "…"
# characters; four bytes each fit into the columns: a unit test compares them with the DocTypes
# of a message that people are shown, which may have several lines
MAX_LINE = 1000
MAX_PROGRESS_MESSAGE = 255
MAX_REFERENCE = 255
MAX_TRACEBACK = 200_000
# of an emoji that is made of others, or of a letter with accents that are characters of their own
LONGEST_CLUSTER = 64

# what a terminal, a log file or a database takes for something else than a character
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# tags that give a text its looks, as messages of Frappe have them; those of `BLOCKS` also end a line
BLOCKS = (
	"address|blockquote|br|dd|details|div|dl|dt|h[1-6]|hr|li|ol|p|pre|summary|table|tbody|tfoot|thead|tr|ul"
)
INLINES = "a|abbr|b|big|code|del|em|font|i|ins|kbd|mark|s|small|span|strike|strong|sub|sup|td|th|tt|u|var"
BLOCK_TAG = re.compile(rf"</?(?:{BLOCKS})(?:\s[^<>]*|/)?>", re.IGNORECASE)
INLINE_TAG = re.compile(rf"</?(?:{INLINES})(?:\s[^<>]*|/)?>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# what a browser reads as the beginning of a tag; and `<` as an entity, which somebody may decode once more
OPENING = re.compile(r"<(?=[a-zA-Z/!?])|&(?:amp;)*(?:lt|#0*60|#x0*3c);?", re.IGNORECASE)
HARMLESS_OPENING = "‹"

FILE_OF_THIS_SITE = re.compile(r"/(?:private/)?files/[^/].*")
# controls, ends of lines, halves of surrogate pairs, and what turns the direction of a text round
NOT_IN_A_REFERENCE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff<>\"\\`]")


def text_of(value: Any) -> str:
	"""Any value as a text, whatever its class makes of that."""
	if isinstance(value, str):
		# a class of its own may answer anything
		return str.__str__(value)
	try:
		return str(value)
	except BaseTimeoutException:
		# the time of the handler that says it is over
		raise
	except BaseException:
		return class_name_of(value)


def class_name_of(value: object) -> str:
	"""The name of the value's class, which its metaclass may hide."""
	return str(type.__dict__["__name__"].__get__(type(value)))


def storable(value: Any) -> str:
	"""A text that database, JSON and terminal take: halves of surrogate pairs and controls become `\\x1b`."""
	text = text_of(value).encode(errors="backslashreplace").decode()
	return CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def inert(text: str) -> str:
	"""No browser finds a tag in it: a `<` that would begin one is a `‹`. `a < b` stays what it is."""
	return OPENING.sub(HARMLESS_OPENING, text)


def plain(text: str) -> str:
	"""Without the tags that give it its looks and with entities decoded, once; no other tag is one any more.

	`Row 1: <strong>X</strong>` is `Row 1: X`; `List<int>` and `<img src=x>` can be read, as `List‹int>`.
	"""
	without = _without_looks(text) if "<" in text else text
	return inert(ENTITY.sub(lambda match: html.unescape(match[0]), without) if "&" in without else without)


def _without_looks(text: str) -> str:
	without, blocks = BLOCK_TAG.subn("\n", INLINE_TAG.sub("", text))
	if not blocks:
		return without
	return "\n".join(part.strip() for part in without.split("\n") if part.strip())


def can_be_seen(text: str) -> bool:
	"""Whether any of it is more than blanks, and marks of width and direction."""
	return any(unicodedata.category(one)[0] not in "ZC" for one in text)


def cut(text: str, characters: int) -> str:
	"""At most `characters`, with an ellipsis for the rest; what is seen as one character is not cut."""
	if len(text) <= characters:
		return text
	end = characters - len(ELLIPSIS)
	start = max(0, end - LONGEST_CLUSTER)
	while end > start and _belong_together(text, end):
		end -= 1
	return text[: end if end > start else characters - len(ELLIPSIS)].rstrip() + ELLIPSIS


def shortened(text: str, characters: int = MAX_TRACEBACK) -> str:
	"""Its beginning and its end: an error may quote more than the database takes."""
	if len(text) <= characters:
		return text
	half = (characters - 3) // 2
	return f"{text[:half]}\n{ELLIPSIS}\n{text[-half:]}"


def line(value: Any, characters: int = MAX_LINE, hide: Callable[[str], str] = str) -> str:
	"""A message of a sentence or two, from any value; `hide` takes out what it must not say."""
	# before tags are taken out, and after: either may break a secret into pieces or put one together
	text = hide(without_server_paths(storable(value)))
	# of nothing but tags, the tags are the text
	said = storable(plain(text)) or inert(text)
	return cut(hide(said), characters)


def without_server_paths(text: str) -> str:
	"""Where this site keeps its files is nobody's business: what is left is a file's address, or its name.

	`mysite/private/files/a.csv` is `/private/files/a.csv`, and any other path on the site `…/a.csv`.
	"""
	site = getattr(frappe.local, "site", None)
	return _path_on(site).sub(_told_of_path, text) if site and site in text else text


@cache
def _path_on(site: str) -> re.Pattern:
	part = r"[\w./@~+-]"
	return re.compile(rf"(?<!{part})(?!//)(?:{part}*/)?{re.escape(site)}/({part}+)")


def _told_of_path(match: re.Match) -> str:
	path = match[1]
	if path.startswith(("private/files/", "public/files/")):
		return "/" + path.removeprefix("public/")
	return f"{ELLIPSIS}/{path.rstrip('/').rpartition('/')[2]}"


def make_plain(document: Any, *fields: str) -> None:
	"""Fields of a document that people fill and that others are shown, before it is saved."""
	for field in fields:
		if document.get(field):
			document.set(field, storable(plain(storable(document.get(field)))))


def inert_json(text: str) -> str:
	"""The same JSON, in which no browser finds a tag: `<` stands in strings only, where it can be escaped."""
	return text.replace("<", "\\u003c")


def is_storable(text: str) -> bool:
	"""Whether the database takes the text as it is: it has no half of a surrogate pair."""
	try:
		text.encode()
	except UnicodeEncodeError:
		return False
	return True


def is_unicode(serialized: str) -> bool:
	"""Whether every string in this JSON can be stored: none has half of a surrogate pair, escaped or not."""
	try:
		serialized.encode()
		if "\\ud" in serialized.lower():
			json.dumps(json.loads(serialized), ensure_ascii=False).encode()
	except UnicodeEncodeError:
		return False
	return True


def is_reference(text: str) -> bool:
	"""Whether it is the URL of a file of this site, or an http or https address, and fits its column."""
	return len(text) <= MAX_REFERENCE and (is_file_of_this_site(text) or is_web_address(text))


def is_file_of_this_site(text: str) -> bool:
	"""Whether it is `/files/…` or `/private/files/…`, and stays there for a server that decodes it twice."""
	if NOT_IN_A_REFERENCE.search(text) or not FILE_OF_THIS_SITE.fullmatch(text):
		return False
	decoded = unquote(unquote(text))
	parts = re.split(r"[/\\]", decoded)[1:]
	climbs = any(part.strip() in ("", ".", "..") for part in parts)
	return not climbs and not NOT_IN_A_REFERENCE.search(decoded)


def is_web_address(text: str) -> bool:
	if NOT_IN_A_REFERENCE.search(text) or re.search(r"\s", text):
		return False
	try:
		address = urlsplit(text)
		# what is no number raises when it is read
		return address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
	except ValueError:
		return False


def _belong_together(text: str, end: int) -> bool:
	"""Whether what ends before this place and what begins there are seen as one character."""
	before, after = text[end - 1], text[end]
	if unicodedata.combining(after) or unicodedata.category(after) in ("Mn", "Me", "Mc"):
		return True
	joiner, is_skin = "\u200d", "\U0001f3fb" <= after <= "\U0001f3ff"
	if joiner in (before, after) or is_skin:
		return True
	return _is_flag_letter(before) and _is_flag_letter(after) and _flag_letters_before(text, end) % 2 == 1


def _is_flag_letter(character: str) -> bool:
	return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_letters_before(text: str, end: int) -> int:
	start = end
	while start and end - start < LONGEST_CLUSTER and _is_flag_letter(text[start - 1]):
		start -= 1
	return end - start

"""Templates of Jinja in texts, also those that are templates only after what Frappe makes of the text.

Markdown takes out backslashes and marks of emphasis, the sanitizer tags that belong nowhere and characters
that cannot be seen, and both may read entities. What none of them leaves between two signs is not looked at.
"""

import re
import unicodedata
from html import unescape

# beginnings of what Jinja evaluates, and the comment by which a page of the website asks for that
TEMPLATE = re.compile(r"\{\{|\{%|<!--\s*jinja")
TAG = re.compile(r"""<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>|<[^<>]*>""")
MARKS = re.compile("[*_`~]")
# what a text ends with that is the path of a template to Frappe (`guess_is_path`)
EXTENSIONS = ("html", "css", "scss", "py", "md", "json", "js", "xml", "txt")
# an entity may be written with an entity, and a tag stand within one
DEEPEST = 5


def has_template(text: str) -> bool:
	"""Whether Jinja would evaluate something in the text, or in what is made of it, or read a file for it."""
	if is_path(text):
		return True
	if "{" not in text and "&" not in text and "jinja" not in text:
		return False
	shown = without_escapes(text)
	return any(map(TEMPLATE.search, (text, shown, MARKS.sub("", without_tags(shown)))))


def is_path(text: str) -> bool:
	"""Whether Frappe takes the text for the path of a template in an installed app, and reads that."""
	return "\n" not in text and text.rpartition(".")[2] in EXTENSIONS and "." in text


def without_escapes(text: str) -> str:
	for _depth in range(DEEPEST):
		text = unescape(text)
	return "".join(one for one in text if one != "\\" and is_seen(one))


def is_seen(character: str) -> bool:
	return character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf")


def without_tags(text: str) -> str:
	for _depth in range(DEEPEST):
		text = TAG.sub("", text)
	return text

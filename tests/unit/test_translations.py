"""`locale/main.pot` has every text that a user sees; `.ci/pot <bench>` writes it."""

import json
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import dartwing

PACKAGE = Path(dartwing.__file__).parent
METHODS = [("**.py", "python"), ("**.js", "javascript"), ("**.html", "jinja2")]
KEYWORDS = {**DEFAULT_KEYWORDS, "__": None}


def known_texts() -> set[str]:
	with (PACKAGE / "locale/main.pot").open("rb") as file:
		return {message.id for message in read_po(file) if message.id}


def texts_of_code() -> set[str]:
	found = extract_from_dir(PACKAGE, METHODS, keywords=KEYWORDS)
	return {text for _file, _line, text, *_more in found if isinstance(text, str) and text}


def texts_of_doctypes() -> set[str]:
	doctypes = [json.loads(path.read_text()) for path in PACKAGE.glob("*/doctype/*/*.json")]
	fields = [field for doctype in doctypes for field in doctype["fields"]]
	shown = [one.get(key) for one in (*doctypes, *fields) for key in ("label", "description")]
	return {text for text in (*shown, *(doctype["name"] for doctype in doctypes)) if text}


def test_main_pot_has_every_text():
	needed = texts_of_code() | texts_of_doctypes()
	assert len(needed) > 100
	assert sorted(needed - known_texts()) == [], "run .ci/pot <bench folder>"


def test_main_pot_has_no_text_that_is_gone():
	"""Of code; what Frappe takes from JSON beside these is its own affair."""
	with (PACKAGE / "locale/main.pot").open("rb") as file:
		catalog = read_po(file)
	of_python = {
		message.id
		for message in catalog
		if message.id and message.locations and all(path.endswith(".py") for path, _line in message.locations)
	}
	assert sorted(of_python - texts_of_code()) == [], "run .ci/pot <bench folder>"

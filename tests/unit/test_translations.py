"""`locale/main.pot` has every text that a user sees; `.ci/pot <bench>` writes it."""

import ast
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


def test_no_text_is_asked_for_within_an_f_string():
	"""Where the extractors of some Pythons see it and those of others do not."""
	hidden = [
		f"{path.relative_to(PACKAGE)}:{node.lineno}"
		for path in PACKAGE.rglob("*.py")
		for whole in ast.walk(ast.parse(path.read_text()))
		if isinstance(whole, ast.JoinedStr)
		for node in ast.walk(whole)
		if isinstance(node, ast.Call)
		and getattr(node.func, "id", "") in ("_", "_lt")
		and isinstance(node.args[0], ast.Constant)
	]
	assert hidden == []


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

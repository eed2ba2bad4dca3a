"""The door for texts that people see: what comes out can be stored, and is no markup anywhere."""

import json
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import frappe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.announcing.masking import SHORTEST_SECRET
from dartwing.dartwing_core.background_jobs.errors import JobTimeoutError
from dartwing.dartwing_core.doctype.background_job import background_job

DOCTYPES = Path(background_job.__file__).parents[1]
# what hostile and what honest texts are made of
PIECES = st.sampled_from(
	[
		"<",
		">",
		"&",
		"&lt;",
		"&amp;lt;",
		"&#60",
		"&#x3c;",
		"/",
		"!",
		"?",
		"b",
		"br",
		"img",
		"svg",
		" ",
		"\n",
		"onerror=x",
		"List<int>",
		"a < b",
		"\udce9",
		"\x00",
		"\x1b[31m",
		"😀",
		"&nbsp;",
		"'",
		'"',
		"&copy",
	]
)
# a busy machine makes no text wrong
AT_ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOSTILE = st.lists(PIECES, max_size=12).map("".join)


class Tags(HTMLParser):
	"""What a browser would make elements, comments or instructions of."""

	def __init__(self, text: str):
		super().__init__(convert_charrefs=True)
		self.found: list[str] = []
		self.read = ""
		self.feed(text)
		self.close()

	def handle_starttag(self, tag: str, attributes: Any) -> None:
		self.found.append(tag)

	handle_endtag = handle_startendtag = handle_comment = handle_decl = handle_pi = unknown_decl = (
		lambda self, *things: self.found.append(str(things[0]))
	)

	def handle_data(self, data: str) -> None:
		self.read += data


@AT_ANY_PACE
@given(HOSTILE)
def test_no_line_has_a_tag_even_if_a_screen_decodes_it_once_more(text):
	once = Tags(texts.line(text))
	assert once.found == []
	assert Tags(once.read).found == []


@AT_ANY_PACE
@given(HOSTILE | st.text())
def test_a_line_can_be_stored_and_is_a_line_of_itself(text):
	line = texts.line(text)
	line.encode()
	assert not texts.CONTROLS.search(line)
	assert len(line) <= texts.MAX_LINE


@pytest.mark.parametrize(
	("value", "line"),
	[
		("Row 1: <strong>X</strong> not found", "Row 1: X not found"),
		("Could not find <a href='/app/x?a=1&amp;b=2'>X</a>", "Could not find X"),
		("<p>one</p><ul><li>two</li><li>three</li></ul>", "one\ntwo\nthree"),
		("one<br>two<BR />three<hr/>", "one\ntwo\nthree"),
		("R&amp;D &quot;x&quot;", 'R&D "x"'),
		("a < b and c > d", "a < b and c > d"),
		("1<2", "1<2"),
		("List<int> is no Dict[str, int]", "List‹int> is no Dict[str, int]"),
		("no DocType '<img src=x onerror=alert(1)>'", "no DocType '‹img src=x onerror=alert(1)>'"),
		("<img src=x onerror=alert(1) ", "‹img src=x onerror=alert(1) "),
		("<<b>img src=x onerror=alert(1)>", "‹img src=x onerror=alert(1)>"),
		("&lt;img src=x&gt;", "‹img src=x>"),
		("&amp;lt;img src=x&amp;gt;", "‹img src=x&gt;"),
		("<script>alert(1)</script>", "‹script>alert(1)‹/script>"),
		("<!-- x --><?php ?>", "‹!-- x -->‹?php ?>"),
		("https://x.example/?a=1&copy=2", "https://x.example/?a=1&copy=2"),
		("<b></b>", "‹b>‹/b>"),
		("a\n\n  b", "a\n\n  b"),
		(3, "3"),
		(None, "None"),
		("caf\udce9", "caf\\udce9"),
		("\x00\x1b[31m", "\\x00\\x1b[31m"),
		("", ""),
	],
)
def test_a_line_is_plain(value, line):
	assert texts.line(value) == line


def test_the_class_of_a_value_that_says_nothing_is_its_text():
	class Silent:
		def __str__(self) -> str:
			raise KeyError("no words")

	assert texts.line(Silent()) == "Silent"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, BaseException])
def test_no_value_ends_who_asks_for_its_text(error):
	class Ending:
		def __str__(self) -> str:
			raise error

	assert texts.text_of(Ending()) == "Ending"


def test_a_time_limit_strikes_within_a_value():
	class Slow:
		def __str__(self) -> str:
			raise JobTimeoutError("over")

	with pytest.raises(JobTimeoutError):
		texts.text_of(Slow())


def test_a_million_spaces_or_brackets_are_no_work():
	"""Regular expressions that look back would take hours."""
	for text in (" " * 1_000_000, "<" * 1_000_000, "<b " * 300_000, "&amp;" * 200_000, "&" * 1_000_000):
		assert len(texts.line(text)) <= texts.MAX_LINE


@pytest.mark.parametrize(
	("text", "characters", "kept"),
	[
		("abcdef", 6, "abcdef"),
		("abcdefg", 6, "abcde…"),
		("abcd efg", 6, "abcd…"),
		("abc👨‍👩‍👧xyz", 8, "abc…"),
		("abc🇩🇪xyz", 5, "abc…"),
		("🇩🇪🇫🇷xyz", 4, "🇩🇪…"),
		("abc👍🏽xyz", 5, "abc…"),
		("abce\u0301xyz", 5, "abc…"),
		("a" + "\u0301" * 500, 100, "a" + "\u0301" * 98 + "…"),
	],
)
def test_a_cut_says_so_and_leaves_no_half_of_a_character(text, characters, kept):
	assert texts.cut(text, characters) == kept


def test_the_end_of_a_long_traceback_is_kept():
	text = texts.shortened("begin" + "x" * 500_000 + "end")
	assert len(text) <= texts.MAX_TRACEBACK
	assert text.startswith("begin")
	assert text.endswith("xend")


@pytest.mark.parametrize(
	"reference",
	[
		"/files/a.csv",
		"/private/files/exports/José 2026 (1).xlsx",
		"/private/files/a&b's.csv",
		"https://files.example/a.csv?x=1&y=2#z",
		"http://127.0.0.1:8000/",
		"HTTPS://files.example",
	],
)
def test_files_of_this_site_and_web_addresses_are_references(reference):
	assert texts.is_reference(reference)


@pytest.mark.parametrize(
	"reference",
	[
		"javascript:alert(1)",
		"java\nscript:alert(1)",
		" javascript:alert(1)",
		"data:text/html,x",
		"//evil.example/x",
		"/\\evil.example",
		"/files//evil.example",
		"/private/files/../../x",
		"/private/files/%2e%2e/x",
		"/private/files/%252e%252e/x",
		"/files/a\\..\\b",
		"/files/",
		"/files/a/",
		"/filesystem",
		"/app/user",
		"Organization/Alpha",
		"report.csv",
		"https://",
		"https:evil.example",
		"https:///x",
		"https://x.example:99999/",
		"https://x.example/a b",
		"https://x.example/\x00",
		"https://x.example/<img src=x>",
		'/files/"><svg onload=alert(1)>.csv',
		"/files/a\u202etxt.exe",
		"/files/caf\udce9.csv",
		"/files/" + "x" * 300,
		"ftp://x.example/a",
		"",
	],
)
def test_nothing_else_is_a_reference(reference):
	assert not texts.is_reference(reference)


def test_json_without_tags_is_the_same_json():
	serialized = json.dumps({"<b>": ["</script>", 1, "a < b"]})
	assert "<" not in texts.inert_json(serialized)
	assert json.loads(texts.inert_json(serialized)) == json.loads(serialized)


@pytest.mark.parametrize(
	("serialized", "is_unicode"),
	[
		('{"a": ["\udce9"]}', False),
		('{"a": ["\\udce9"]}', False),
		('{"\\uDCE9": 1}', False),
		('{"a": "\\ud83d\\ude00"}', True),
		('{"a": "😀"}', True),
		('{"a": "\\\\udce9"}', True),
		('{"a": "\\u0000"}', True),
	],
)
def test_half_a_surrogate_pair_is_no_unicode_however_it_is_written(serialized, is_unicode):
	assert texts.is_unicode(serialized) is is_unicode


def test_texts_fit_into_their_columns():
	fields = {
		(name, field["fieldname"]): field
		for name in ("background_job", "job_execution_log")
		for field in json.loads((DOCTYPES / name / f"{name}.json").read_text())["fields"]
	}
	of_text, of_characters = 65_535 // 4, 140
	for key, most in {
		("background_job", "error_message"): texts.MAX_LINE,
		("job_execution_log", "message"): texts.MAX_LINE,
		("background_job", "progress_message"): texts.MAX_PROGRESS_MESSAGE,
		("background_job", "output_reference"): texts.MAX_REFERENCE,
	}.items():
		field = fields[key]
		takes = of_text if field["fieldtype"] == "Small Text" else int(field.get("length") or of_characters)
		assert most <= takes, key
	assert fields["background_job", "error_traceback"]["fieldtype"] == "Code"
	assert SHORTEST_SECRET > 1


SITE = "my.site"
TOLD_OF_PATHS = {
	"[Errno 28] No space left on device: 'my.site/private/dartwing_exports/ab/x.csv'": (
		"[Errno 28] No space left on device: '…/x.csv'"
	),
	"/home/me/bench/sites/my.site/private/dartwing_exports": "…/dartwing_exports",
	"./my.site/private/files/a b.csv is full": "/private/files/a b.csv is full",
	"cannot read /bench/sites/my.site/public/files/a.png": "cannot read /files/a.png",
	"my.site/site_config.json": "…/site_config.json",
	# addresses, and what only looks like the site
	"https://my.site/private/files/a.csv": "https://my.site/private/files/a.csv",
	"/private/files/a.csv of my.site": "/private/files/a.csv of my.site",
	"api/private/items/5 of mymy.site/x and my-site/y": "api/private/items/5 of mymy.site/x and my-site/y",
}


@pytest.mark.parametrize(("text", "told"), TOLD_OF_PATHS.items())
def test_where_the_server_keeps_its_files_is_not_told(monkeypatch, text, told):
	monkeypatch.setattr(frappe.local, "site", SITE, raising=False)
	assert texts.line(text) == told
	assert texts.line(told) == told


def test_a_long_text_is_looked_through_quickly(monkeypatch):
	monkeypatch.setattr(frappe.local, "site", SITE, raising=False)
	before = time.monotonic()
	texts.without_server_paths(SITE + " " + "./a" * 300_000 + "=/" * 300_000)
	assert time.monotonic() - before < 5

import json
import re
import shlex
import string
from html import escape
from urllib.parse import quote, quote_plus

import frappe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs.announcing.masking import MASK, Secrets, mask, mask_text
from dartwing.dartwing_core.doctype.background_job import kept_texts

WORDS = ["password", "api_key", "token"]


@pytest.mark.parametrize(
	"name", ["password", "Password", "db_password", "dbPassword", "X-API-Key", "apikey", "access token"]
)
def test_a_secret_is_found_in_any_spelling(name):
	assert mask({name: "hunter2"}, WORDS) == {name: MASK}


@pytest.mark.parametrize("name", ["pass", "key", "path", "tok"])
def test_other_names_are_shown(name):
	assert mask({name: "shown"}, WORDS) == {name: "shown"}


def test_secrets_are_found_at_any_depth_and_hide_all_that_is_in_them():
	parameters = {
		"servers": [{"host": "a", "login": {"user": "u", "password": "hunter2"}}],
		"token": {"a": [1]},
	}
	assert mask(parameters, WORDS) == {
		"servers": [{"host": "a", "login": {"user": "u", "password": MASK}}],
		"token": MASK,
	}


def test_what_is_empty_stays_so():
	assert mask({"password": "", "token": None}, WORDS) == {"password": "", "token": None}


def test_without_words_everything_is_shown():
	assert mask({"password": "hunter2"}, ["", " - "]) == {"password": "hunter2"}


def test_a_text_of_json_stays_one():
	assert json.loads(mask_text('{"password": "hunter2", "n": 1, "ü": "ü"}', WORDS)) == {
		"password": MASK,
		"n": 1,
		"ü": "ü",
	}


def secrets_of(**parameters: object) -> Secrets:
	return Secrets.of(json.dumps(parameters), WORDS)


# a busy machine makes no text wrong
AT_ANY_PACE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
AWKWARD = "p/w+d <b>&'é\n\"x%"


@pytest.mark.parametrize(
	"spell",
	[
		str,
		quote,
		quote_plus,
		lambda value: quote(value, safe=""),
		lambda value: re.sub("%..", lambda match: match[0].lower(), quote(value, safe="")),
		json.dumps,
		lambda value: json.dumps(value, ensure_ascii=False),
		repr,
		ascii,
		lambda value: repr(value.encode()),
		escape,
		lambda value: escape(value, quote=False),
	],
)
@pytest.mark.parametrize("hide", [Secrets.line, Secrets.traceback])
def test_a_text_says_no_secret_however_it_is_spelled(spell, hide):
	for text in (f"GET /?key={spell(AWKWARD)}&x=1 failed", f"<b>{spell(AWKWARD)}</b>"):
		said = hide(secrets_of(api_key=AWKWARD), text)
		assert MASK in said
		assert not [part for part in ("p/w", "p%2F", "p%2f", "+d", "x%", "é", "<b>&") if part in said], said


# how programs write one character
OF_ONE = (
	str,
	lambda one: quote(one, safe=""),
	lambda one: re.sub("%..", lambda match: match[0].lower(), quote(one, safe="")),
	lambda one: "+" if one == " " else one,
	lambda one: f"&#{ord(one)};",
	lambda one: f"&#0{ord(one)};",
	lambda one: f"&#x{ord(one):x};",
	lambda one: {"'": "&apos;", '"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "é": "&eacute;"}.get(
		one, one
	),
	lambda one: json.dumps(one)[1:-1],
	lambda one: json.dumps(one, ensure_ascii=False)[1:-1].replace("/", "\\/"),
	lambda one: f"\\u{ord(one):04X}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}",
	lambda one: f"\\u{{{ord(one):x}}}",
	lambda one: repr(one.encode())[2:-1],
	lambda one: one.encode("unicode-escape").decode(),
	lambda one: f"\\{one}" if one in "'\"/%_" else one,
	lambda one: one * 2 if one in "'\"%" else one,
	lambda one: "'\"'\"'" if one == "'" else one,
)
# what one text may make of another
OF_ALL = (str, quote, quote_plus, escape, json.dumps, repr, ascii, shlex.quote)
VALUES = st.text(alphabet="p/w+d <b>&'é\n\"x%;_😀ab12" + string.ascii_letters, min_size=4, max_size=12)


@AT_ANY_PACE
@given(VALUES, st.data())
def test_no_mixture_of_spellings_tells_a_secret(secret, data):
	"""Each character as some program writes it, and the whole as a program writes a text that it is given."""
	one_by_one = "".join(data.draw(st.sampled_from(OF_ONE))(one) for one in secret)
	text = data.draw(st.sampled_from(OF_ALL))(one_by_one)
	assert MASK in secrets_of(password=secret).hide(f"({text})"), text


@pytest.mark.parametrize(
	("secret", "text"),
	[
		("pa'ss-word12", "pa&apos;ss-word12"),
		("pa'ss-word12", "pa&#39;ss-word12"),
		("a<b'c\"d/é&12345", "Max retries exceeded with url: /a%3Cb'c%22d/%C3%A9&12345?q=1"),
		("my pass word/12 +x%20&y", "/my%20pass%20word/12%20+x%2520&y"),
		("my pass word/12", r"my pass word\/12"),
		("a'b%c", r"where x = 'a\'b%%c'"),
		("a'b%c", "where x = 'a''b%c'"),
		('say "it"', '1,"say ""it""",2'),
		(r"C:\new\dir", repr(r"C:\new\dir")),
		(r"C:\new\dir", json.dumps(json.dumps(r"C:\new\dir"))),
		("it's me", shlex.quote("it's me")),
	],
)
def test_what_libraries_write_of_a_secret_is_hidden_and_what_is_around_it_stays(secret, text):
	hidden = secrets_of(password=secret).hide(f"before % & \\ {text} after")
	assert hidden.startswith("before % & \\ ")
	assert hidden.endswith(" after")
	assert MASK in hidden
	assert not [part for part in re.findall("[a-z0-9]{3,}", secret) if part in hidden.replace("where", "")]


@pytest.mark.parametrize("secret", ["hunter2", "a%20b&lt;", "pa'ss"])
def test_nothing_else_is_hidden_and_nothing_else_is_changed(secret):
	text = "100% of `a && b`, C:\\new, &amp; \"\" '' %41 \\u0041 \\"
	assert secrets_of(password=secret).hide(text) == text


def test_a_secret_that_tags_cut_into_pieces_or_put_together_is_hidden():
	secrets = secrets_of(password="hunter2", token="ab<b>cd")
	for text in ("hun<b></b>ter2", "ab<b>cd", "hun&#116;er2", "&#104;unter2", "ab&lt;b&gt;cd"):
		assert secrets.line(f"x {text} y") == f"x {MASK} y", text


def test_a_secret_is_not_cut_in_the_middle():
	said = secrets_of(password="hunter2").line("x" * 997 + "hunter2")
	assert "hun" not in said


def test_values_at_any_depth_are_secrets_and_numbers_too():
	secrets = secrets_of(login=[{"password": {"now": "hunter2", "old": [271828]}}])
	assert secrets.line("hunter2 271828") == f"{MASK} {MASK}"


def test_what_is_short_or_no_value_is_hidden_at_its_key_only():
	"""Half of all texts have an `on` in them: nobody could read what went wrong any more."""
	secrets = secrets_of(password="on", token=7, api_key=True, tokens=None)
	assert not secrets
	assert secrets.line("one of 7 is True") == "one of 7 is True"


def test_the_longer_of_two_secrets_is_hidden_whole():
	assert secrets_of(password="hunter2", token="hunter22").line("hunter22 hunter2") == f"{MASK} {MASK}"


def result_of(secrets: Secrets, value: object) -> object:
	return json.loads(secrets.result(json.dumps(value)))


def test_a_result_has_its_texts_keys_and_numbers_hidden_and_stays_json():
	secrets = secrets_of(password="hunter2", token=1234)
	echo = {"echo": ["hunter2", {"hunter2": 7, "of hunter2": 8}], "page": 1234, "rows": 12345, "html": "<b>"}
	assert result_of(secrets, echo) == {
		"echo": [MASK, {MASK: 7, f"of {MASK}": 8}],
		"page": MASK,
		"rows": 12345,
		"html": "<b>",
	}


@pytest.mark.parametrize("secret", [987654323, "987654323", " 987654323\n", 987654323.0, "0987654323"])
def test_a_number_is_hidden_whether_it_or_the_secret_was_typed_as_a_text(secret):
	numbers = [987654323, -987654323, 987654323.0, 987654324, True, 1.5, None]
	told = [MASK, MASK, MASK, 987654324, True, 1.5, None]
	assert result_of(secrets_of(token=secret), numbers) == told


@pytest.mark.parametrize(
	"secret", [1, 0, 12, 1.0, "0001", "1.00", "1e00", True, "nan", "infinity", "9" * 5000]
)
def test_numbers_as_short_as_no_secret_of_a_text_stay(secret):
	"""A result full of ones and zeros is not turned into dots."""
	numbers = [0, 1, 12, 1.0, 7, 100]
	assert result_of(secrets_of(token=secret, password="hunter2"), numbers) == numbers


def test_a_number_of_any_length_is_one():
	number = int("7" * 400)
	assert result_of(secrets_of(token=number), [number, str(number), number + 1]) == [MASK, MASK, number + 1]


def test_keys_that_become_the_same_lose_no_value():
	secrets = secrets_of(password="hunter2", token="hunter3")
	assert result_of(secrets, {"hunter2": 1, "hunter3": 2, "ok": 3}) == {MASK: 1, f"{MASK} (2)": 2, "ok": 3}


def test_of_a_dry_run_the_engines_own_keys_and_counts_stay():
	secrets = secrets_of(password="name", api_key="count", token=4711)
	result = {"created": {"count": 4711}, "held_back": {"mails": 4711}, "result": {"count": [4711, "name"]}}
	documents = {"created": [{"doctype": "User", "name": "my name", "fields": ["name", "age"]}]}
	changes = {"result": json.dumps(result), "dry_run_documents": json.dumps(documents)}
	told = {field: json.loads(text) for field, text in kept_texts.kept(changes, secrets).items()}
	assert told["result"] == {**result, "result": {MASK: [MASK, MASK]}}
	assert told["dry_run_documents"] == {
		"created": [{"doctype": "User", "name": f"my {MASK}", "fields": [MASK, "age"]}]
	}


def test_keys_below_a_masked_name_are_secrets_unless_they_are_words():
	"""Names of fields are part of half of all texts."""
	secrets = secrets_of(tokens={"sk_live_123456": "prod", "user_name": "anna", "old": [{"X-9f8e": 1}]})
	assert secrets.line("used sk_live_123456, X-9f8e and prod") == f"used {MASK}, {MASK} and {MASK}"
	assert result_of(secrets, {"user_name": "anna", "sk_live_123456": 1}) == {"user_name": MASK, MASK: 1}


def test_secrets_that_are_learned_later_are_hidden_by_whoever_has_the_others():
	secrets = secrets_of(password="hunter2")
	hide = secrets.line
	secrets.include(secrets_of(password="hunter22", token=4711))
	assert hide("hunter22 hunter2 4711") == f"{MASK} {MASK} {MASK}"
	assert result_of(secrets, [4711]) == [MASK]


def test_a_token_that_was_read_with_the_end_of_its_line_is_hidden_without_it():
	assert secrets_of(token="hunter2\n").line("no hunter2 here") == f"no {MASK} here"


@AT_ANY_PACE
@given(st.text(min_size=4), st.text())
def test_no_secret_is_left_in_any_text(secret, around):
	said = secrets_of(password=secret).line(f"{around}{secret}{around}", 10_000)
	assert secret not in said or secret in MASK


def test_without_secrets_texts_are_what_they_are():
	assert secrets_of(page="hunter2").line("hunter2") == "hunter2"
	assert Secrets.of(None, WORDS).line("hunter2") == "hunter2"
	assert Secrets.of('{"password": "hunter2"}', []).line("hunter2") == "hunter2"


def test_a_traceback_says_no_path_of_the_site(monkeypatch):
	monkeypatch.setattr(frappe.local, "site", "my.site", raising=False)
	assert Secrets().traceback("OSError: 'my.site/private/x/y.csv'") == "OSError: '…/y.csv'"

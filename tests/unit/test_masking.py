import json

import pytest

from dartwing.dartwing_core.background_jobs.masking import MASK, mask, mask_text

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

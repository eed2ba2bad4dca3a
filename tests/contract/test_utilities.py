"""Small functions that the app calls."""

from datetime import date, datetime

import frappe
import pytest
from factories import acting_as
from frappe.utils import (
	add_to_date,
	cint,
	flt,
	get_datetime,
	get_system_timezone,
	get_url,
	getdate,
	now_datetime,
	time_diff_in_seconds,
)


def test_now_is_naive_and_of_the_sites_time_zone():
	assert now_datetime().tzinfo is None
	assert get_system_timezone()


@pytest.mark.parametrize(
	("value", "result"),
	[
		("2026-11-22 10:00:00.5", datetime(2026, 11, 22, 10, 0, 0, 500000)),
		("2026-11-22", datetime(2026, 11, 22)),
		(date(2026, 11, 22), datetime(2026, 11, 22)),
		(datetime(2026, 11, 22, 1), datetime(2026, 11, 22, 1)),
	],
)
def test_get_datetime(value, result):
	assert get_datetime(value) == result


def test_getdate():
	assert getdate("2026-11-22") == date(2026, 11, 22)


def test_add_to_date_keeps_the_kind_of_its_value():
	assert add_to_date(datetime(2026, 11, 22), seconds=-5) == datetime(2026, 11, 21, 23, 59, 55)
	assert add_to_date(datetime(2026, 11, 22), days=1, hours=1) == datetime(2026, 11, 23, 1)


def test_time_diff_in_seconds():
	assert time_diff_in_seconds("2026-11-22 10:00:05", "2026-11-22 10:00:00") == 5.0


@pytest.mark.parametrize(("value", "number"), [("7", 7), ("7.9", 7), (None, 0), ("x", 0), (True, 1)])
def test_cint(value, number):
	assert cint(value) == number


@pytest.mark.parametrize(("value", "number"), [("1.5", 1.5), (None, 0.0), ("x", 0.0), (2, 2.0)])
def test_flt(value, number):
	assert flt(value) == number


def test_get_url_starts_with_a_scheme():
	assert get_url("/jobs").startswith("http")
	assert get_url("/jobs").endswith("/jobs")


def test_untranslated_texts_are_returned_as_they_are():
	assert frappe._("A text of nobody {0}").format(1) == "A text of nobody 1"


def test_set_user_changes_the_session_and_forgets_the_form(doctypes):
	with acting_as(doctypes.alice):
		assert frappe.session.user == doctypes.alice
		assert frappe.form_dict == {}


def test_get_site_path_is_below_the_site():
	assert frappe.get_site_path("private", "files").endswith(f"{frappe.local.site}/private/files")


def test_site_config_is_in_conf():
	assert frappe.conf.db_name == frappe.local.conf.db_name
	assert frappe.conf.get("no_such_key", 5) == 5

import frappe
import pytest
from contract_doctypes import GROUP, group
from frappe.utils.caching import redis_cache, request_cache

KEY = "contract_key"


@pytest.fixture(autouse=True)
def _forget():
	yield
	frappe.cache.delete_value([KEY, f"{KEY}_hash"])


@pytest.fixture
def elsewhere():
	"""Forget what this process remembers, as another process would not know it."""

	def forget() -> None:
		frappe.local.cache = {}

	return forget


@pytest.mark.parametrize("value", [1, "text", {"a": [1, None]}, {1, 2}, frappe._dict(a=1), False, 0])
def test_values_come_back_as_they_were(elsewhere, value):
	frappe.cache.set_value(KEY, value)
	elsewhere()
	assert frappe.cache.get_value(KEY) == value


def test_a_missing_value_is_none():
	assert frappe.cache.get_value(KEY) is None


def test_a_missing_value_can_be_made():
	assert frappe.cache.get_value(KEY, lambda: 3) == 3
	assert frappe.cache.get_value(KEY) == 3


def test_a_value_can_expire(elsewhere):
	frappe.cache.set_value(KEY, 1, expires_in_sec=100)
	elsewhere()
	assert frappe.cache.get_value(KEY, expires=True) == 1
	assert 0 < frappe.cache.ttl(frappe.cache.make_key(KEY)) <= 100


def test_keys_are_of_one_site():
	assert frappe.cache.make_key(KEY).decode().endswith(f"|{KEY}")
	assert frappe.cache.make_key(KEY, shared=True) == KEY
	assert frappe.local.conf.db_name in frappe.cache.make_key(KEY).decode()


def test_values_of_users_are_apart(elsewhere):
	frappe.cache.set_value(KEY, 1, user="a@example.com")
	elsewhere()
	assert frappe.cache.get_value(KEY, user="a@example.com") == 1
	assert frappe.cache.get_value(KEY, user="b@example.com") is None
	frappe.cache.delete_value(KEY, user="a@example.com")


def test_hashes(elsewhere):
	frappe.cache.hset(f"{KEY}_hash", "a", {"b": 1})
	elsewhere()
	assert frappe.cache.hget(f"{KEY}_hash", "a") == {"b": 1}
	assert frappe.cache.hget(f"{KEY}_hash", "c") is None
	assert frappe.cache.hget(f"{KEY}_hash", "c", lambda: 5) == 5
	frappe.cache.hdel(f"{KEY}_hash", "a")
	assert frappe.cache.hget(f"{KEY}_hash", "a") is None


def test_deleted_values_are_gone(elsewhere):
	frappe.cache.set_value(KEY, 1)
	frappe.cache.delete_value(KEY)
	elsewhere()
	assert frappe.cache.get_value(KEY) is None


def test_a_rollback_does_not_take_back_a_cached_value(elsewhere):
	frappe.cache.set_value(KEY, 1)
	frappe.db.rollback()
	elsewhere()
	assert frappe.cache.get_value(KEY) == 1


def test_request_cache_remembers_until_the_site_is_left():
	calls = []

	@request_cache
	def expensive(number: int) -> int:
		calls.append(number)
		return number * 2

	assert [expensive(1), expensive(1), expensive(2)] == [2, 2, 4]
	assert calls == [1, 2]
	frappe.local.request_cache.clear()
	expensive(1)
	assert calls == [1, 2, 1]


def test_redis_cache_remembers_for_other_processes(elsewhere):
	calls = []

	@redis_cache(ttl=60)
	def expensive(number: int) -> int:
		calls.append(number)
		return number * 2

	assert [expensive(1), expensive(1)] == [2, 2]
	elsewhere()
	expensive(1)
	assert calls == [1]
	expensive.clear_cache()
	expensive(1)
	assert calls == [1, 1]
	expensive.clear_cache()


def test_changing_the_user_forgets_what_this_process_remembers():
	frappe.local.cache["anything"] = 1
	frappe.set_user("Guest")
	assert "anything" not in frappe.local.cache


def test_get_cached_value_reads_fields_of_the_cached_document():
	group("North", note="old")
	assert frappe.get_cached_value(GROUP, "North", "note") == "old"
	assert frappe.get_cached_value(GROUP, "North", ["note", "name"]) == ["old", "North"]

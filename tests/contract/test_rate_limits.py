import frappe
import pytest

M = "dartwing.tests.contract_methods"
METHODS = ("limited_by_address", "limited_by_argument", "limited_for_post")


@pytest.fixture(autouse=True)
def _forget():
	forget()
	yield
	forget()


def forget() -> None:
	for method in METHODS:
		frappe.cache.delete_keys(f"rl:{M}.{method}:")


def codes(answers) -> list[int]:
	return [answer.status_code for answer in answers]


def test_calls_beyond_the_limit_of_an_address_are_refused(guest):
	answers = [guest.call(f"{M}.limited_by_address") for _ in range(3)]
	assert codes(answers) == [200, 200, 429]
	assert answers[2].json()["exc_type"] == "RateLimitExceededError"


def test_users_of_one_address_share_its_limit(alice, bob):
	answers = [client.call(f"{M}.limited_by_address") for client in (alice, bob, alice)]
	assert codes(answers) == [200, 200, 429]


def test_a_refusal_says_nothing_about_when_to_try_again(guest):
	answers = [guest.call(f"{M}.limited_by_address") for _ in range(3)]
	assert "Retry-After" not in answers[2].headers


def test_a_limit_by_argument_counts_each_value_alone(guest):
	answers = [guest.call(f"{M}.limited_by_argument", who=who) for who in ("a", "a", "b", "a")]
	assert codes(answers) == [200, 200, 200, 429]


def test_a_limit_for_post_does_not_count_get(guest):
	answers = [guest.ask(f"{M}.limited_for_post") for _ in range(3)]
	assert codes(answers) == [200, 200, 200]
	assert codes([guest.call(f"{M}.limited_for_post") for _ in range(2)]) == [200, 429]


def test_the_limit_counts_in_one_window_that_begins_with_the_first_call(guest):
	guest.call(f"{M}.limited_by_address")
	(key,) = frappe.cache.get_keys(f"rl:{M}.limited_by_address:")
	assert 0 < frappe.cache.ttl(key) <= 60 * 60
	guest.call(f"{M}.limited_by_address")
	assert int(frappe.cache.get(key)) == 2

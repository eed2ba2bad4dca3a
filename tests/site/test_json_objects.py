from datetime import date, datetime
from decimal import Decimal

import frappe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs import generate_job_hash

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
values = st.recursive(
	scalars,
	lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
objects = st.dictionaries(st.text(max_size=8), values, max_size=5)


def shuffled(value):
	"""The same value with every object's keys in reverse order."""
	if isinstance(value, dict):
		return {key: shuffled(value[key]) for key in reversed(value)}
	if isinstance(value, list):
		return [shuffled(item) for item in value]
	return value


@settings(max_examples=200, deadline=None)
@given(objects)
def test_the_order_of_keys_does_not_matter(parameters):
	assert generate_job_hash("t", "o", parameters) == generate_job_hash("t", "o", shuffled(parameters))


@settings(max_examples=200, deadline=None)
@given(objects, objects)
def test_different_parameters_have_different_hashes(first, second):
	assert (generate_job_hash("t", "o", first) == generate_job_hash("t", "o", second)) == same_json(
		first, second
	)


def same_json(first, second) -> bool:
	# True == 1 in Python, not in JSON
	return frappe.as_json(first) == frappe.as_json(second)


@pytest.mark.parametrize("value", [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), Decimal("1.10")])
def test_the_hash_of_what_was_stored_is_the_hash_of_what_was_given(value):
	stored = frappe.parse_json(frappe.as_json({"a": value}))
	assert generate_job_hash("t", "o", {"a": value}) == generate_job_hash("t", "o", stored)


def test_type_organization_and_parameters_all_count():
	hashes = {
		generate_job_hash("a", "bc", {}),
		generate_job_hash("ab", "c", {}),
		generate_job_hash("a", "bc", {"x": 1}),
		generate_job_hash("a", "bd", {}),
	}
	assert len(hashes) == 4
	assert all(len(one) == 64 for one in hashes)


def test_no_parameters_are_an_empty_object():
	assert generate_job_hash("t", "o", None) == generate_job_hash("t", "o", {})

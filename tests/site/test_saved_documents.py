"""What a document may say that is saved in a request, and what it may go on saying."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import World, purge, submit
from requested import queued, requested

from dartwing.dartwing_core.api import json_texts
from dartwing.dartwing_core.background_jobs.tenancy.asking import EXECUTE_JOB

MARKUP = '["<img src=x onerror=alert(1)>"]'


@pytest.fixture
def foreign(world: World) -> list[str]:
	"""Two jobs of Beta."""
	return [submit(world.bob, world.beta, number=number).name for number in range(2)]


@pytest.fixture
def comment(world: World, foreign: list[str]) -> Iterator[Any]:
	"""A comment on a job that alice may not see."""
	row = frappe.new_doc("Comment").update({"reference_doctype": "Background Job", "comment_type": "Info"})
	row.update({"reference_name": foreign[0], "name": frappe.generate_hash(length=10)})
	row.set_user_and_timestamp()
	row.db_insert()
	frappe.db.commit()
	yield frappe.get_doc("Comment", row.name)
	frappe.db.rollback()
	purge("Comment", row.name)
	frappe.db.commit()


@pytest.fixture
def profile(world: World) -> Iterator[Any]:
	"""Alice, with what nobody could save now."""
	values = {"bio": MARKUP, "user_image": "/private/files/of-another.png"}
	frappe.db.set_value("User", world.alice, values)
	frappe.db.commit()
	yield frappe.get_doc("User", world.alice)
	frappe.db.rollback()
	frappe.db.set_value("User", world.alice, dict.fromkeys(values))
	frappe.db.commit()
	frappe.clear_document_cache("User", world.alice)


def saved(doc: Any, **values: Any) -> None:
	with requested(f"/api/resource/{doc.doctype}/{doc.name}", "PUT"):
		doc.update(values).save(ignore_permissions=True)


def test_a_reference_that_was_there_before_stops_nobody(world, comment, foreign):
	saved(comment, content="something else")
	assert comment.reference_name == foreign[0]


def test_a_reference_to_another_hidden_document_is_one_to_nothing(world, comment, foreign):
	with pytest.raises(frappe.LinkValidationError, match="Could not find"):
		saved(comment, reference_name=foreign[1])


def test_what_a_request_has_put_off_is_looked_at_all_the_same(world, comment, foreign, profile):
	"""Frappe changes twenty documents and more in a worker, as the user who asked."""
	with queued():
		with pytest.raises(frappe.LinkValidationError, match="Could not find"):
			comment.update({"reference_name": foreign[1]}).save(ignore_permissions=True)
		with pytest.raises(frappe.ValidationError, match="user_image"):
			profile.update({"user_image": "javascript:alert(1)"}).save(ignore_permissions=True)


def test_what_a_handler_saves_is_the_code_of_an_app(world, comment, foreign):
	with queued(EXECUTE_JOB):
		comment.update({"reference_name": foreign[1]}).save(ignore_permissions=True)
	assert comment.reference_name == foreign[1]


def test_what_a_save_leaves_alone_is_not_looked_at(world, profile):
	saved(profile, first_name="Alice")
	assert profile.bio


@pytest.mark.parametrize(
	("field", "value"), [("bio", MARKUP.replace("alert", "prompt")), ("user_image", "javascript:alert(1)")]
)
def test_what_a_save_changes_is_looked_at(world, profile, field, value):
	with pytest.raises(frappe.ValidationError, match=field):
		saved(profile, **{field: value})


@pytest.mark.parametrize("bracket", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("times", [51, 100_000])
def test_a_text_that_is_nested_deeply_is_refused_by_its_field(world, profile, bracket, times):
	with pytest.raises(frappe.ValidationError, match="bio: is nested more than 50 deep"):
		saved(profile, bio=bracket * times)


@pytest.mark.parametrize(
	"text", ['["\\u003cimg src=x onerror=a()>"]', '{"a": "<b onclick=a()>"}', '"<script>"']
)
def test_markup_is_found_in_json_however_it_is_escaped(text):
	assert json_texts.has_markup(text)


@pytest.mark.parametrize(
	"text", ['{"text": "<span class=\\"h4\\"><b>Shortcuts</b></span>"}', '["a < b"]', "[]"]
)
def test_headings_as_desk_writes_them_are_harmless(text):
	assert not json_texts.has_markup(text)


def test_brackets_that_are_only_written_are_none(world, profile):
	text = '["' + "[" * 100 + '"]'
	saved(profile, bio=text)
	assert profile.bio == text

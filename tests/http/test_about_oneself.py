"""What Frappe collects of somebody is for them alone, and tells nothing that they would not be shown."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import frappe
import pytest
from factories import World, acting_as, submit
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.api import about_oneself, replacements

pytestmark = pytest.mark.skipif(not is_a_bench(), reason="benchless has no forms of the website")

ACCEPT = "frappe.website.doctype.web_form.web_form.accept"
FORMS = {
	"request-data": ("Personal Data Download Request", "user"),
	"request-to-delete-data": ("Personal Data Deletion Request", "email"),
}
FROM_OUTSIDE = "written by somebody who left"


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
	yield
	frappe.db.rollback()
	frappe.db.delete("Comment", {"content": FROM_OUTSIDE})
	for doctype, field in FORMS.values():
		frappe.db.delete(doctype, {field: ("in", (World.alice, World.bob, World.manager))})
	frappe.db.commit()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("who", ["guest", "alice"])
@pytest.mark.parametrize("about", [World.bob, World.manager])
def test_nobody_asks_for_what_is_somebody_elses(request, world, form, who, about):
	doctype, field = FORMS[form]
	client = request.getfixturevalue(who)
	answer = client.call(ACCEPT, web_form=form, data=json.dumps({field: about, "user_name": "x"}))
	assert answer.status_code == 403, answer.text
	assert f"{field}: must be your own" in answer.text
	frappe.db.rollback()
	assert not frappe.db.exists(doctype, {field: about})


@pytest.mark.parametrize("form", FORMS)
def test_ones_own_may_be_asked_for(world, form):
	doctype, field = FORMS[form]
	with requested("/api/method/x"), acting_as("Guest"), pytest.raises(frappe.PermissionError):
		about_oneself.refuse_others(frappe.get_doc({"doctype": doctype, field: "Guest"}))
	for user, about in ((world.alice, world.alice), (world.manager, world.bob), ("Administrator", world.bob)):
		with requested("/api/method/x"), acting_as(user):
			about_oneself.refuse_others(frappe.get_doc({"doctype": doctype, field: about}))


def comment(owner: str, job: str, **values: Any) -> str:
	with acting_as(owner):
		about = {"reference_doctype": "Background Job", "reference_name": job}
		row = frappe.get_doc({"doctype": "Comment", "content": FROM_OUTSIDE, **about, **values})
		row.set_user_and_timestamp()
		row.name = frappe.generate_hash(length=10)
		row.db_insert()
	return row.name


def test_rows_about_foreign_jobs_are_not_collected(world):
	replacements.guard()
	hidden = comment(world.alice, submit(world.bob, world.beta).name)
	own = comment(world.alice, submit().name)
	other = comment(world.alice, world.alice, reference_doctype="User")
	of_bob = comment(world.bob, submit().name)
	found = json.loads(import_module(about_oneself.COLLECTING).get_user_data(world.alice))
	names = {row["name"] for row in found["Comment"]}
	assert {own, other} <= names
	assert not {hidden, of_bob} & names
	assert [row["name"] for row in found["User"]] == [world.alice]
	everything = json.loads(import_module(about_oneself.COLLECTING).get_user_data("Administrator"))
	assert everything["User"][0]["name"] == "Administrator"

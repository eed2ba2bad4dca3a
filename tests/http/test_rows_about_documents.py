"""What a member with every role but System Manager lists and opens says nothing of another organization."""

import json
from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import CURIOUS, World, acting_as, end, make_member, purge, submit

from dartwing.patches import forget_comments_on_deletions

CANARY = "canary of beta"


@pytest.fixture
def beta_job(world: World) -> str:
	return submit(world.bob, world.beta).name


@pytest.fixture
def rows(world: World, beta_job: str) -> Iterator[list[Any]]:
	"""Rows about a job of Beta in each DocType that has a field for a text, and whose rows are about one."""
	made = []
	for doctype, kind, name in doctypes_with_pairs():
		row = frappe.new_doc(doctype).update({kind: "Background Job", name: beta_job, **told(doctype)})
		row.update({"name": frappe.generate_hash(length=10), "owner": CURIOUS})
		with acting_as(CURIOUS):
			row.set_user_and_timestamp()
			row.db_insert()
		made.append(row)
	frappe.db.commit()
	yield made
	frappe.db.rollback()
	for row in made:
		purge(row.doctype, row.name)
	frappe.db.commit()


def doctypes_with_pairs() -> Iterator[tuple[str, str, str]]:
	for doctype in frappe.get_all("DocType", {"issingle": 0, "istable": 0, "is_virtual": 0}, pluck="name"):
		fields = frappe.get_meta(doctype).get_dynamic_link_fields()
		pairs = [(field.options, field.fieldname) for field in fields]
		by_name = (("reference_doctype", "reference_name"), ("document_type", "document_name"))
		known = {"File": ("attached_to_doctype", "attached_to_name"), "Version": ("ref_doctype", "docname")}
		pairs += [known[doctype]] if doctype in known else [pair for pair in by_name if has(doctype, *pair)]
		# v16's desktop has rows that are about pages and reports
		pairs = [pair for pair in pairs if frappe.get_meta(doctype).get_field(pair[0]).fieldtype != "Select"]
		if pairs:
			yield doctype, *pairs[0]


def has(doctype: str, *fields: str) -> bool:
	return all(frappe.get_meta(doctype).has_field(field) for field in fields)


def told(doctype: str) -> dict[str, Any]:
	"""A text that is known to Beta only, in the first field that takes one; the row is for whoever asks."""
	texts = ("Text", "Small Text", "Long Text", "Text Editor", "HTML Editor")
	field = next((one.fieldname for one in frappe.get_meta(doctype).fields if one.fieldtype in texts), None)
	mine = {one: CURIOUS for one in ("user", "for_user", "allocated_to") if has(doctype, one)}
	public = {"File": {"is_private": 0, "file_url": f"/files/{CANARY}", "file_name": CANARY}}
	return {**({field: CANARY} if field else {}), **mine, **public.get(doctype, {})}


def test_no_row_about_a_foreign_job_is_listed_or_opened(curious, rows, beta_job):
	asked = {"fields": json.dumps(["*"]), "limit_page_length": 0}
	listed = []
	for row in rows:
		answer = curious.get(f"/api/resource/{row.doctype}", params=asked)
		listed.append(answer.status_code == 200)
		for secret in (CANARY, beta_job, row.name):
			assert secret not in answer.text, (row.doctype, answer.text)
		answer = curious.get(f"/api/resource/{row.doctype}/{row.name}")
		# they may have no right to the DocType
		assert answer.status_code in (403, 404), (row.doctype, answer.text)
		assert CANARY not in answer.text
		assert beta_job not in answer.text
	# whoever has no right to the DocType at all proves nothing
	assert any(listed)


def test_no_search_finds_a_row_about_a_foreign_job(curious, rows):
	for row in rows:
		search = {"doctype": row.doctype, "txt": "", "ignore_user_permissions": 1, "page_length": 1000}
		answer = curious.ask("frappe.desk.search.search_link", **search)
		assert row.name not in answer.text, (row.doctype, answer.text)
		assert CANARY not in answer.text


@pytest.mark.parametrize("doctype", ["Comment", "File", "Notification Log"])
def test_who_may_see_the_job_sees_the_rows_about_it(curious, rows, world, doctype):
	make_member_of(world.beta)
	row = next(row for row in rows if row.doctype == doctype)
	answer = curious.get(f"/api/resource/{doctype}", params={"limit_page_length": 0})
	assert row.name in [one["name"] for one in answer.json()["data"]]
	assert curious.get(f"/api/resource/{doctype}/{row.name}").status_code == 200


def make_member_of(organization: str) -> None:
	with acting_as("Administrator"):
		make_member(CURIOUS, organization)
		frappe.db.commit()


def test_nobody_gets_at_a_row_by_saying_that_it_is_about_their_own(curious, rows):
	own = submit(CURIOUS).name
	row = next(row for row in rows if row.doctype == "Comment")
	answer = curious.put(f"/api/resource/Comment/{row.name}", json={"reference_name": own})
	assert answer.status_code == 404, answer.text
	assert CANARY not in answer.text


def test_nobody_is_told_by_a_comment_what_was_deleted(curious, world, beta_job):
	end(beta_job, "Canceled")
	frappe.delete_doc("Background Job", beta_job)
	frappe.db.commit()
	told = {"comment_type": "Deleted", "subject": ("like", f"%{beta_job}%")}
	assert not frappe.db.exists("Comment", told)
	comment = frappe.new_doc("Comment").update(
		{"comment_type": "Deleted", "reference_doctype": "Background Job", "subject": f"x {beta_job}"}
	)
	comment.name = frappe.generate_hash(length=10)
	comment.db_insert()
	# as those that were written before
	forget_comments_on_deletions.execute()
	frappe.db.commit()
	assert not frappe.db.exists("Comment", told)

"""Rows of whatever DocType about a guarded document are for who may see that document, and nobody else."""

from collections.abc import Iterator
from typing import Any

import frappe
import pytest
from factories import World, acting_as, purge, submit
from grouped import submit_group
from scheduled import make_schedule

from dartwing.dartwing_core.background_jobs.tenancy import references
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import GUARDED, OF_MANAGERS, OF_MEMBERS

# of these Frappe is known to have rows about documents; a site has those that its Frappe has
KNOWN = {
	*("Access Log", "Activity Log", "Comment", "Communication", "Deleted Document", "DocShare"),
	*("Document Follow", "Document Share Key", "Email Queue", "Energy Point Log", "Error Log", "Event"),
	*("File", "Milestone", "Notification Log", "Reminder", "Tag Link", "ToDo", "User Permission", "Version"),
	*("View Log", "Workflow Action", "Contact", "Address", "Communication Link", "Event Participants"),
}


def doctypes_about_documents() -> list[str]:
	"""Those that say it themselves, or in a child table; others are child tables of these."""
	doctypes = set(frappe.get_all("DocType", pluck="name")) - {*GUARDED}
	return [doctype for doctype in doctypes if references.pairs_of(doctype) or references.tables_of(doctype)]


@pytest.fixture
def foreign(world: World) -> dict[str, str]:
	"""By DocType, a document of Beta."""
	job = submit(world.bob, world.beta).name
	member = frappe.get_all("Org Member", {"organization": world.beta}, ["name", "person"])[0]
	log = frappe.get_all("Job Execution Log", {"background_job": job}, pluck="name")[0]
	group = submit_group(1, world.bob, world.beta)[0]
	schedule = make_schedule("Administrator", world.beta, run_as=world.bob)
	names = (job, log, group, schedule, world.beta, member.name, member.person)
	return dict(zip(OF_MEMBERS, names, strict=True))


@pytest.fixture
def made() -> Iterator[list]:
	"""Rows that are taken away again."""
	rows: list[tuple[str, str]] = []
	yield rows
	frappe.db.rollback()
	for doctype, name in rows:
		purge(doctype, name)
	frappe.db.commit()


def a_row(made: list, doctype: str, kind: str | None, name: str | None) -> Any:
	"""A stored row that is about that document in each of its ways to be about one."""
	row = frappe.new_doc(doctype)
	for kind_field, name_field in references.pairs_of(doctype):
		row.set(kind_field, kind)
		row.set(name_field, name)
	insert(made, row)
	for table in references.tables_of(doctype):
		part_of(made, table, row, kind, name)
	if frappe.get_meta(doctype).istable:
		frappe.db.set_value(doctype, row.name, {"parenttype": "User", "parent": World.alice})
	return row


def part_of(made: list, table: str, parent: Any, kind: str | None, name: str | None) -> None:
	row = frappe.new_doc(table).update({"parent": parent.name, "parenttype": parent.doctype})
	for kind_field, name_field in references.pairs_of(table):
		row.set(kind_field, kind)
		row.set(name_field, name)
	insert(made, row)


def insert(made: list, row: Any) -> None:
	row.name = frappe.generate_hash(length=10)
	row.set_user_and_timestamp()
	row.db_insert()
	made.append((row.doctype, row.name))


def may_see(row: Any, user: str) -> tuple[bool, bool]:
	"""By the condition of lists, and by the hook for one document."""
	with acting_as(user):
		condition = references.query_conditions(user, doctype=row.doctype) or "1 = 1"
		table = f"`tab{row.doctype}`"
		listed = frappe.db.sql(
			f"select name from {table} where (1 = 0 or ({condition})) and name = {frappe.db.escape(row.name)}"
		)
		return bool(listed), references.has_permission(row, "read", user) is not False


@pytest.mark.parametrize("guarded", OF_MEMBERS)
def test_a_row_is_for_who_may_see_what_it_is_about(world, foreign, made, guarded):
	for doctype in doctypes_about_documents():
		row = a_row(made, doctype, guarded, foreign[guarded])
		seen = {user: may_see(row, user) for user in (world.alice, world.adam, world.nobody, "Guest")}
		assert set(seen.values()) == {(False, False)}, (doctype, seen)
		seen = {user: may_see(row, user) for user in (world.bob, world.manager, "Administrator")}
		assert set(seen.values()) == {(True, True)}, (doctype, seen)


@pytest.mark.parametrize("guarded", OF_MANAGERS)
def test_a_row_about_what_only_system_managers_see_is_for_these(world, made, guarded):
	document = frappe.new_doc(guarded)
	insert(made, document)
	for doctype in doctypes_about_documents():
		row = a_row(made, doctype, guarded, document.name)
		seen = {user: may_see(row, user) for user in (world.alice, world.bob, world.nobody, "Guest")}
		assert set(seen.values()) == {(False, False)}, (doctype, seen)
		assert may_see(row, world.manager) == (True, True), doctype


def test_a_row_about_what_is_no_more_is_for_system_managers(world, made):
	for doctype in doctypes_about_documents():
		row = a_row(made, doctype, "Background Job", "JOB-1999-12345")
		assert may_see(row, world.bob) == (False, False), doctype
		assert may_see(row, world.manager) == (True, True), doctype


@pytest.mark.parametrize("about", [("User", World.bob), ("Background Job", None), (None, None)], ids=str)
def test_a_row_about_something_else_is_left_to_frappe(world, made, about):
	for doctype in doctypes_about_documents():
		row = a_row(made, doctype, *about)
		assert may_see(row, world.alice) == (True, True), doctype


def test_a_row_counts_as_it_is_stored_whatever_it_is_to_become(world, foreign, made):
	own = submit().name
	row = a_row(made, "Comment", "Background Job", foreign["Background Job"])
	row.reference_name = own
	assert may_see(row, world.alice) == (False, False)
	assert may_see(frappe.new_doc("Comment").update(row.as_dict()), world.alice)[1] is True


def test_another_spelling_of_the_doctype_is_that_doctype(world, foreign, made):
	row = a_row(made, "Comment", "bäckground jOB ", foreign["Background Job"])
	assert may_see(row, world.alice) == (False, False)


def test_every_doctype_that_is_known_to_be_about_documents_is_found(site):
	there = {doctype for doctype in KNOWN if frappe.db.exists("DocType", doctype)}
	assert "Comment" in there
	assert there <= set(doctypes_about_documents())


@pytest.mark.parametrize("doctype", ["Background Job", "Job Type", "DocType", "System Settings", "Role"])
def test_other_doctypes_have_no_condition_and_cost_nothing(world, doctype):
	assert references.query_conditions(world.alice, doctype=doctype) == ""

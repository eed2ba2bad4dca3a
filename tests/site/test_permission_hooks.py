"""Our has_permission hooks refuse, and leave everything else to the roles and to the hooks of other apps."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	acting_as,
	keep_log,
	keep_start,
	keep_step,
	keep_tally,
	purge,
	submit,
	submit_as,
)
from framework import since
from grouped import submit_group
from scheduled import keep_slot, make_schedule

from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OF_MANAGERS
from dartwing.tests import contract_hooks

HOOKS = frappe.get_hooks("has_permission", app_name="dartwing")
RIGHTS = ("read", "select", "write", "create", "delete", "share", "export", "print", "report", "email")
USERS = ("Administrator", World.manager, World.alice, World.adam, World.bob, World.nobody, "Guest")
# on v15 the first answer that is not None decides; v16 asks all hooks, and what is not true refuses
NO_OBJECTION = True if since(16, 0) else None


def a_file(owner: str, **values: Any) -> Any:
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": "private.txt",
			"is_private": 1,
			"folder": "Home",
			"file_url": f"/private/files/{frappe.generate_hash(length=20)}.txt",
			**values,
		}
	)
	with acting_as(owner):
		file.set_user_and_timestamp()
		file.name = frappe.generate_hash(length=10)
		file.db_insert()
	frappe.db.commit()
	return file


@pytest.fixture
def attached(world) -> Iterator[Any]:
	"""A private file of Alice's at a document of another app's, which only she and its managers may read."""
	file = a_file(world.alice, attached_to_doctype="User", attached_to_name=world.alice)
	yield file
	frappe.db.rollback()
	purge("File", file.name)
	frappe.db.commit()


def a_comment(**values: Any) -> Any:
	"""Stored, and never committed."""
	comment = frappe.new_doc("Comment").update({"name": frappe.generate_hash(length=10), **values})
	comment.set_user_and_timestamp()
	comment.db_insert()
	return comment


def documents(doctype: str, world: World) -> Iterator[Any]:
	"""Of both organizations, as they are and new ones."""
	job = submit()
	person = frappe.db.get_value("Person", {"frappe_user": world.alice})
	names = {
		"Background Job": [job.name],
		"Job Execution Log": frappe.get_all("Job Execution Log", {"background_job": job.name}, pluck="name"),
		"Job Group": [submit_group(1)[0]],
		"Job Schedule": [make_schedule()],
		"Job Type": [OBLIGING],
		**{of_managers: [] for of_managers in OF_MANAGERS},
		"Org Member": frappe.get_all("Org Member", {"organization": world.beta}, pluck="name"),
		"Organization": [world.alpha, world.beta],
		"Person": [person],
	}
	if doctype == "*":
		for about, which in (("Background Job", job.name), ("User", world.alice), (None, None)):
			yield a_comment(reference_doctype=about, reference_name=which)
	elif doctype == "Auto Email Report":
		# benchless has none
		for user in (world.alice, world.bob):
			yield frappe._dict({"doctype": doctype, "name": "a report", "user": user})
	elif doctype == "File":
		for about, which in (("Background Job", job.name), ("User", world.alice), (None, None)):
			attached = {"attached_to_doctype": about, "attached_to_name": which, "is_private": 1}
			yield frappe.new_doc("File").update(attached)
	else:
		for name in names[doctype]:
			yield frappe.get_doc(doctype, name)
		if doctype in OF_MANAGERS:
			yield frappe.get_doc(doctype, of_managers(doctype, job.name))
		yield frappe.new_doc(doctype).update({"organization": world.alpha})


def of_managers(doctype: str, job: str) -> str:
	"""The name of a row about the job."""
	if doctype == "Job Tally":
		return keep_tally(World.alpha)
	if doctype == "Job Log Part":
		return keep_log(job, ["a line"])
	if doctype == "Job Start":
		return keep_start(job)
	if doctype == "Job Schedule Slot":
		return keep_slot(World.alpha)
	if doctype == "Job Step":
		keep_step(job, "a step")
		return frappe.db.get_value("Job Step", {"background_job": job})
	child = submit_as(World.alice, OBLIGING, World.alpha, {"mode": "succeed"}, depends_on=[job])
	return frappe.db.get_value("Job Dependency", {"background_job": child.name})


def answers_of(doctype: str, world: World) -> set:
	"""What the hooks of ours for a DocType answer, to whoever asks, for whatever right."""
	answers = set()
	documents_of_it = list(documents(doctype, world))
	for user in USERS:
		with acting_as(user):
			for document, right, hook in product(documents_of_it, RIGHTS, HOOKS[doctype]):
				try:
					answers.add(frappe.call(hook, doc=document, ptype=right, user=user, debug=False))
				except (frappe.DoesNotExistError, frappe.PermissionError):
					frappe.clear_messages()
	return answers


@pytest.mark.parametrize("doctype", sorted(HOOKS))
def test_a_hook_refuses_or_has_no_objection_and_answers_nothing_else(world, clean, doctype):
	answers = answers_of(doctype, world)
	assert NO_OBJECTION in answers
	assert answers <= {NO_OBJECTION, False}
	# 0 == False and 1 == True, which are no answers
	assert all(answer is None or isinstance(answer, bool) for answer in answers)


@pytest.mark.parametrize("doctype", sorted(HOOKS))
def test_another_apps_refusal_holds_beside_a_hook_of_ours(world, clean, monkeypatch, doctype):
	"""Apps that were installed before this one are asked after it on v15, if at all."""
	original = frappe.get_hooks
	before = {one: [f"{contract_hooks.__name__}.refuse", *hooks] for one, hooks in HOOKS.items()}

	def get_hooks(hook=None, *arguments, **options):
		return before if hook == "has_permission" else original(hook, *arguments, **options)

	monkeypatch.setattr(frappe, "get_hooks", get_hooks)
	if doctype != "*" and not frappe.db.exists("DocType", doctype):
		# benchless, which is Frappe v15, mails no reports
		return
	for document in documents(doctype, world):
		assert not frappe.permissions.has_controller_permissions(document, "read", user=world.manager)


def test_a_private_file_at_a_document_of_another_app_is_read_by_its_owner_and_not_by_a_stranger(
	world, attached
):
	who = (world.alice, world.bob, world.nobody)
	assert [attached.has_permission("read", user=user) for user in who] == [True, False, False]


def test_a_private_file_that_is_attached_to_nothing_is_its_owners(world):
	file = a_file(world.bob)
	try:
		who = (world.bob, world.alice, world.adam)
		assert [file.has_permission("read", user=user) for user in who] == [True, False, False]
	finally:
		purge("File", file.name)
		frappe.db.commit()


def test_a_workflow_action_is_for_the_roles_that_frappe_says(world):
	"""On v15 a hook of ours that agrees would silence Frappe's own."""
	if "Workflow Action" not in frappe.get_hooks("has_permission", app_name="frappe"):
		pytest.skip("benchless, which is Frappe v15, has no Workflow Actions")
	action = frappe.get_doc(
		{
			"doctype": "Workflow Action",
			"reference_doctype": "User",
			"reference_name": world.alice,
			"permitted_roles": [{"role": "System Manager"}],
		}
	)
	may = [
		frappe.permissions.has_controller_permissions(action, "read", user=user)
		for user in (world.manager, world.alice)
	]
	assert may == [True, False]

"""What Desk is made of is changed by members for themselves alone."""

from typing import Any

import frappe
import pytest
from factories import World, acting_as, purge
from requested import requested
from runtimes.chosen import is_a_bench

from dartwing import hooks
from dartwing.dartwing_core.api import desks
from dartwing.dartwing_core.background_jobs.tenancy.references import is_about_documents

EVERYBODY = ("All", "Desk User")
CHANGES = ("create", "delete", "write")
# words that all share: what they are put on is said by rows that are about documents
SHARED = {"Tag"}


def test_the_hooks_ask_about_each_of_them():
	question = f"{desks.__name__}.{desks.refuse_others.__name__}"
	asked = {doctype for doctype, events in hooks.doc_events.items() if question in events.values()}
	assert asked == set(desks.FOR_WHOM)


def test_what_everybody_may_change_of_others_is_known():
	"""A new Frappe brings new ones, as v16 brought sidebars, icons and layouts."""
	guarded = {*frappe.get_hooks("has_permission"), *desks.FOR_WHOM, *SHARED}
	doctypes = frappe.get_all("DocType", {"istable": 0, "custom": 0}, pluck="name")
	open_to_all = {doctype for doctype in doctypes if everybody_changes(doctype)}
	assert [one for one in open_to_all - guarded if not is_about_documents(one)] == []


def everybody_changes(doctype: str) -> bool:
	return any(
		row.role in EVERYBODY and not row.if_owner and any(row.get(change) for change in CHANGES)
		for row in frappe.get_meta(doctype).permissions
	)


class Stored(frappe._dict):
	def get_doc_before_save(self) -> Any:
		return self.get("before")


@pytest.mark.parametrize("doctype", desks.FOR_WHOM)
def test_only_ones_own_is_saved(world, doctype):
	field = desks.FOR_WHOM[doctype] or "owner"
	own, others = (Stored({"doctype": doctype, field: whose}) for whose in (world.alice, world.bob))
	with requested("/api/resource/x", "PUT"):
		for refused in (others, Stored(own, before=others), Stored(others, before=own)):
			with pytest.raises(frappe.PermissionError, match="must be your own"):
				desks.refuse_others(refused)
		if desks.FOR_WHOM[doctype]:
			desks.refuse_others(own)
			desks.refuse_others(Stored(own, before=own))
		with acting_as(world.manager):
			desks.refuse_others(others)


def test_a_user_of_desk_gets_settings_of_their_own(alice, world):
	"""Desk asks for them with each workspace that has a chart."""
	method = "frappe.desk.doctype.dashboard_settings.dashboard_settings.create_dashboard_settings"
	# who never opened Desk has none yet
	for whose, status in ((world.alice, 200), (world.nobody, 403)):
		answer = alice.ask(method, user=whose)
		assert answer.status_code == status or not is_a_bench(), answer.text


def test_what_is_for_everybody_is_made_by_workspace_managers(world):
	with requested("/api/resource/x", "PUT"):
		for doctype in ("Workspace", "Workspace Sidebar", "Desktop Icon"):
			with pytest.raises(frappe.PermissionError):
				desks.refuse_others(Stored({"doctype": doctype, "owner": world.alice}))


MARKUP = {"icon": '"<img src=x onerror=alert(1)>"', "label": "x", "type": "Link", "link_type": "URL"}
GIFTS = {
	"Dashboard Settings": {"chart_config": "{}"},
	"Desktop Icon": {"label": "gift", "icon_type": "Link", "logo_url": "x onerror=alert(1)"},
	"Desktop Layout": {"layout": "`;alert(1)//"},
	"Workspace": {"title": "gift", "label": "gift", "public": 0, "content": "[]"},
	"Workspace Sidebar": {"title": "gift", "items": [MARKUP]},
}


@pytest.mark.skipif(not is_a_bench(), reason="benchless has none of these DocTypes that can be saved")
@pytest.mark.parametrize("doctype", GIFTS)
def test_nobody_puts_anything_onto_anothers_desk(alice, world, doctype):
	# sidebars, icons and layouts are v16's
	if not there_is(doctype):
		return
	field = desks.FOR_WHOM[doctype]
	for whose in (world.bob, "Administrator", None):
		document = {"doctype": doctype, **GIFTS[doctype], **({field: whose} if field else {})}
		for answer in (
			alice.call("frappe.client.insert", doc=document),
			alice.post(f"/api/resource/{doctype}", json=document),
		):
			assert answer.status_code in (403, 404, 417), answer.text
			assert not made_by_alice(doctype)


def made_by_alice(doctype: str) -> list[str]:
	frappe.db.rollback()
	others = {"owner": World.alice, "name": ("!=", World.alice)}
	return frappe.get_all(doctype, others, pluck="name")


def there_is(doctype: str) -> bool:
	return bool(frappe.db.exists("DocType", doctype))


@pytest.mark.skipif(not is_a_bench(), reason="benchless has none of these DocTypes that can be saved")
@pytest.mark.parametrize("doctype", [one for one in GIFTS if one != "Dashboard Settings"])
def test_nobody_changes_renames_or_deletes_anothers(alice, world, doctype):
	if not there_is(doctype):
		return
	field = desks.FOR_WHOM[doctype]
	given = frappe.get_doc({"doctype": doctype, **GIFTS[doctype], **({field: world.bob} if field else {})})
	given.flags.ignore_permissions = given.flags.ignore_links = True
	given.insert(set_name=None)
	frappe.db.commit()
	before = frappe.get_doc(doctype, given.name).as_dict()
	try:
		taken = {field: world.alice} if field else {"label": "taken"}
		for answer in (
			alice.put(f"/api/resource/{doctype}/{given.name}", json=taken),
			alice.delete(f"/api/resource/{doctype}/{given.name}"),
		):
			assert answer.status_code in (403, 404, 417), answer.text
		frappe.db.rollback()
		assert frappe.get_doc(doctype, given.name).as_dict() == before
	finally:
		purge(doctype, given.name)
		frappe.db.commit()

"""What uninstalling leaves behind: nothing. Tried with records that nothing else needs."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import frappe
import pytest
from framework import since

from dartwing import install
from dartwing.dartwing_core.background_jobs.upkeep import site_zone

ROLE = "Left Behind"
SEQUENCE = "left_behind_id_seq"
METHOD = "left_behind.every_minute"
SETTINGS = "Left Behind Settings"
WORKSPACE = "Left Behind Workspace"
GONE = "Left Behind Document"


@pytest.fixture
def left_behind(world, monkeypatch):
	monkeypatch.setattr(install, "ROLES", (ROLE,))
	monkeypatch.setattr(install, "SEQUENCES", (SEQUENCE,))
	monkeypatch.setattr(install, "SETTINGS", SETTINGS)
	monkeypatch.setattr(site_zone, "SCHEDULED_METHODS", "left_behind.%")
	monkeypatch.setattr(install, "PATCHES", "left_behind.%")
	monkeypatch.setattr(install, "WORKSPACE", WORKSPACE)
	monkeypatch.setattr(install, "MODULE", "Left Behind")
	monkeypatch.setattr(install, "DOCTYPES", (GONE,))
	frappe.db.sql_ddl(f"create sequence if not exists `{SEQUENCE}`")
	frappe.get_doc(doctype="Role", role_name=ROLE).insert()
	frappe.get_doc("User", world.alice).add_roles(ROLE)
	frappe.db.sql(
		"insert into `tabSingles` (doctype, field, value) values (%s, 'paused', '1')",
		SETTINGS,
	)
	frappe.get_doc(doctype="Scheduled Job Type", method=METHOD, frequency="Daily").insert()
	frappe.get_doc(doctype="Patch Log", patch="left_behind.patches.one").insert()
	frappe.db.commit()


def test_roles_settings_the_sequence_and_scheduled_jobs_go_for_good(left_behind, world):
	install.after_uninstall()
	# uninstall-app ends without a commit
	frappe.db.rollback()
	assert not frappe.db.exists("Role", ROLE)
	frappe.get_doc("User", world.alice).save()
	assert not frappe.db.sql("select value from `tabSingles` where doctype = %s", SETTINGS)
	assert not frappe.db.exists("Scheduled Job Type", {"method": METHOD})
	assert not frappe.db.exists("Patch Log", {"patch": ("like", "left_behind.%")})
	assert not frappe.db.sql(
		"select 1 from information_schema.tables where table_schema = database() and table_name = %s",
		SEQUENCE,
	)


def about(kind: str, doctype: str, field: str, name_field: str | None = None) -> tuple[str, str]:
	"""A row about a document of that kind, as Frappe leaves it when the document's table is dropped."""
	row = frappe.get_doc({"doctype": doctype, field: kind, **({name_field: "1"} if name_field else {})})
	row.name = f"{kind} {doctype}"
	row.db_insert()
	return doctype, row.name


@pytest.fixture
def about_documents(left_behind) -> Iterator[dict[str, list[tuple[str, str]]]]:
	here = {one for one in (*install.KEPT_ABOUT, *install.TIED) if frappe.db.exists("DocType", one)}
	rows = {
		kind: [about(kind, doctype, install.KEPT_ABOUT[doctype]) for doctype in here & {*install.KEPT_ABOUT}]
		for kind in (GONE, "User")
	}
	rows["tied"] = [about(GONE, doctype, *install.TIED[doctype]) for doctype in here & {*install.TIED}]
	frappe.db.commit()
	yield rows
	for doctype, name in chain.from_iterable(rows.values()):
		frappe.db.delete(doctype, {"name": name})
	frappe.db.commit()


def test_shares_permissions_and_comments_go_with_their_documents_and_files_are_untied(about_documents):
	install.after_uninstall()
	frappe.db.rollback()
	left = {kind: [row for row in rows if frappe.db.exists(*row)] for kind, rows in about_documents.items()}
	assert left == {**about_documents, GONE: []}
	for doctype, name in about_documents["tied"]:
		assert frappe.db.get_value(doctype, name, install.TIED[doctype]) == (None, None)


def test_the_doctypes_whose_documents_go_are_the_apps_own():
	found = frappe.get_all("DocType", {"module": install.MODULE, "issingle": 0, "istable": 0}, pluck="name")
	assert sorted(found) == sorted(install.DOCTYPES)


@pytest.fixture
def on_the_desktop(left_behind) -> list[tuple[str, str]]:
	"""A workspace's sidebar, a user's copy of it, its icon, and two that belong to somebody else."""
	item = {"label": "Users", "type": "Link", "link_type": "DocType", "link_to": "User"}
	made = [
		frappe.get_doc(doctype="Workspace Sidebar", title=title, module=module, items=[item]).insert()
		for title, module in ((WORKSPACE, None), (f"{WORKSPACE}-of a user", "Left Behind"), ("Kept", "Core"))
	]
	made += [
		frappe.get_doc(
			doctype="Desktop Icon",
			label=label,
			icon_type="Link",
			link_type="Workspace Sidebar",
			link_to=label,
		).insert()
		for label in (WORKSPACE, "Kept")
	]
	frappe.db.commit()
	yield [(one.doctype, one.name) for one in made]
	for one in made:
		frappe.delete_doc(one.doctype, one.name, force=True, ignore_on_trash=True, ignore_missing=True)
	frappe.db.commit()


@pytest.mark.skipif(not since(16, 0), reason="Frappe v15 makes no sidebars and no icons of workspaces")
def test_sidebars_and_icons_that_frappe_made_of_the_workspace_go_and_others_stay(on_the_desktop):
	install.after_uninstall()
	frappe.db.rollback()
	left = [(doctype, name) for doctype, name in on_the_desktop if frappe.db.exists(doctype, name)]
	assert left == [("Workspace Sidebar", "Kept"), ("Desktop Icon", "Kept")]
	assert not frappe.db.exists("Workspace Sidebar Item", {"parent": ("like", f"{WORKSPACE}%")})


def test_the_workspace_whose_sidebar_goes_is_the_apps_own():
	shipped = [
		json.loads(path.read_text()) for path in Path(install.__file__).parent.glob("*/workspace/*/*.json")
	]
	assert [(one["name"], one["module"]) for one in shipped] == [(install.WORKSPACE, install.MODULE)]

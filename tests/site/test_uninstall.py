"""What uninstalling leaves behind: nothing. Tried with records that nothing else needs."""

import frappe
import pytest

from dartwing import install

ROLE = "Left Behind"
SEQUENCE = "left_behind_id_seq"
METHOD = "left_behind.every_minute"
SETTINGS = "Left Behind Settings"


@pytest.fixture
def left_behind(world, monkeypatch):
	monkeypatch.setattr(install, "ROLES", (ROLE,))
	monkeypatch.setattr(install, "SEQUENCE", SEQUENCE)
	monkeypatch.setattr(install, "SETTINGS", SETTINGS)
	monkeypatch.setattr(install, "SCHEDULED_METHODS", "left_behind.%")
	frappe.db.sql_ddl(f"create sequence if not exists `{SEQUENCE}`")
	frappe.get_doc(doctype="Role", role_name=ROLE).insert()
	frappe.get_doc("User", world.alice).add_roles(ROLE)
	frappe.db.sql(
		"insert into `tabSingles` (doctype, field, value) values (%s, 'paused', '1')",
		SETTINGS,
	)
	frappe.get_doc(doctype="Scheduled Job Type", method=METHOD, frequency="Daily").insert()
	frappe.db.commit()


def test_roles_settings_the_sequence_and_scheduled_jobs_go_for_good(left_behind, world):
	install.after_uninstall()
	# uninstall-app ends without a commit
	frappe.db.rollback()
	assert not frappe.db.exists("Role", ROLE)
	frappe.get_doc("User", world.alice).save()
	assert not frappe.db.sql("select value from `tabSingles` where doctype = %s", SETTINGS)
	assert not frappe.db.exists("Scheduled Job Type", {"method": METHOD})
	assert not frappe.db.sql(
		"select 1 from information_schema.tables where table_schema = database() and table_name = %s",
		SEQUENCE,
	)

"""What uninstalling leaves behind: nothing. Tried with records that nothing else needs."""

import frappe
import pytest

from dartwing import install

ROLE = "Left Behind"
SEQUENCE = "left_behind_id_seq"
METHOD = "left_behind.every_minute"


@pytest.fixture
def left_behind(site, monkeypatch):
	monkeypatch.setattr(install, "ROLES", (ROLE,))
	monkeypatch.setattr(install, "SEQUENCE", SEQUENCE)
	monkeypatch.setattr(install, "SCHEDULED_METHODS", "left_behind.%")
	frappe.db.sql_ddl(f"create sequence if not exists `{SEQUENCE}`")
	frappe.get_doc(doctype="Role", role_name=ROLE).insert()
	frappe.get_doc(doctype="Scheduled Job Type", method=METHOD, frequency="Daily").insert()
	frappe.db.commit()


def test_roles_the_sequence_and_scheduled_jobs_go_for_good(left_behind):
	install.after_uninstall()
	# uninstall-app ends without a commit
	frappe.db.rollback()
	assert not frappe.db.exists("Role", ROLE)
	assert not frappe.db.exists("Scheduled Job Type", {"method": METHOD})
	assert not frappe.db.sql(
		"select 1 from information_schema.tables where table_schema = database() and table_name = %s",
		SEQUENCE,
	)

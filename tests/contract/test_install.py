import json

import frappe
import pytest

JOB = "Background Job"


@pytest.fixture
def migrated(runtime):
	"""Runs `migrate` as an administrator would."""

	def migrate() -> None:
		frappe.db.commit()
		runtime.run(*runtime.on_site("migrate"), timeout=600)
		frappe.db.rollback()
		frappe.clear_cache()

	return migrate


def indexes(doctype: str) -> set[tuple[str, ...]]:
	rows = frappe.db.sql(f"show index from `tab{doctype}`", as_dict=True)
	columns: dict[str, list[str]] = {}
	for row in sorted(rows, key=lambda row: row.Seq_in_index):
		columns.setdefault(row.Key_name, []).append(row.Column_name)
	return {tuple(names) for names in columns.values()}


def test_the_app_is_installed():
	assert frappe.get_installed_apps()[0] == "frappe"
	assert "dartwing" in frappe.get_installed_apps()


def test_fixtures_are_there_after_install():
	assert frappe.db.exists("Job Type", "data_export")
	assert frappe.db.exists("Role", "Dartwing User")


def test_doctypes_of_the_app_are_there_with_their_module():
	assert frappe.db.get_value("DocType", JOB, ["module", "custom"]) == ("Dartwing Core", 0)
	assert frappe.db.exists("Module Def", "Dartwing Core")


def test_on_doctype_update_made_its_indexes():
	assert ("organization", "status", "creation") in indexes(JOB)


def test_migrating_restores_fixtures_and_indexes_and_keeps_documents(runtime, migrated):
	"""One test, as a migration takes its time."""
	label = frappe.db.get_value("Job Type", "echo_job", "display_name")
	frappe.db.set_value("Job Type", "echo_job", "display_name", "changed by hand")
	frappe.db.set_value("Job Type", "echo_job", "modified", "2001-01-01", update_modified=False)
	kept = frappe.get_doc({"doctype": "Contract Item", "title": "Kept"}).insert().name
	migrated()
	assert "dartwing" in runtime.run(*runtime.on_site("list-apps"))
	assert frappe.db.get_value("Job Type", "echo_job", "display_name") == label
	assert frappe.db.exists("Contract Item", kept)
	assert ("organization", "status", "creation") in indexes(JOB)


def test_hooks_of_the_app_are_found():
	assert JOB in frappe.get_hooks("has_permission")
	assert JOB in frappe.get_hooks("permission_query_conditions")
	assert frappe.get_hooks("app_title", app_name="dartwing") == ["Dartwing"]
	assert frappe.get_hooks("no_such_hook") == []


def test_modules_belong_to_their_app():
	assert "Dartwing Core" in frappe.get_module_list("dartwing")
	assert frappe.local.module_app["dartwing_core"] == "dartwing"


def test_execute_calls_a_function_commits_and_prints_its_result(runtime):
	shown = runtime.run(
		*runtime.on_site("execute", "frappe.get_installed_apps"),
	)
	assert "dartwing" in json.loads(shown.strip().splitlines()[-1])


def test_get_attr_refuses_apps_that_are_not_installed():
	with pytest.raises(frappe.AppNotInstalledError):
		frappe.get_attr("os.getcwd")

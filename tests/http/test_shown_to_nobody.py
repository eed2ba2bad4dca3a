"""No configuration of Desk shows what nobody is shown: masked parameters, what a step keeps."""

import json
from collections.abc import Callable, Iterator

import frappe
import pytest
from asking_frappe import normalized
from factories import World, keep_start, keep_step, submit
from runtimes.chosen import is_a_bench
from scheduled import make_schedule

from dartwing.dartwing_core.api import shown_to_nobody
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN

CANARY = "KCANARY0"
FIELDS = [(doctype, field) for doctype, own in OWN.items() for field in own.shown_to_nobody]
PERMISSIONS = "frappe.core.page.permission_manager.permission_manager"


@pytest.fixture
def kept(world: World) -> dict[str, str]:
	"""Rows of Alpha with the canary in each field that nobody is shown."""
	job = submit(password=CANARY)
	keep_step(job.name, "a step", result=json.dumps(CANARY), last_key=CANARY)
	names = {
		"Background Job": job.name,
		"Job Schedule": make_schedule(parameters={"password": CANARY}),
		"Job Start": keep_start(job.name),
		"Job Step": frappe.db.get_value("Job Step", {"background_job": job.name}),
	}
	for doctype, name in names.items():
		for field in OWN[doctype].shown_to_nobody:
			if frappe.get_meta(doctype).get_field(field).fieldtype == "Data":
				frappe.db.set_value(doctype, name, field, f"{CANARY} of {field}", update_modified=False)
	frappe.db.commit()
	return names


@pytest.fixture
def configured() -> Iterator[Callable]:
	"""Changes the site's configuration past all doors, as it may have been before there were any."""
	before = {
		doctype: frappe.db.get_value("DocField", {"parent": doctype, "fieldname": field}, "permlevel")
		for doctype, field in FIELDS
	}

	def show(doctype: str) -> None:
		for field in OWN[doctype].shown_to_nobody:
			frappe.db.set_value("DocField", {"parent": doctype, "fieldname": field}, "permlevel", 0)
		frappe.db.commit()
		frappe.clear_cache(doctype=doctype)

	yield show
	frappe.db.rollback()
	for doctype, field in FIELDS:
		frappe.db.set_value("DocField", {"parent": doctype, "fieldname": field}, "permlevel", before[doctype])
		frappe.db.commit()
		frappe.clear_cache(doctype=doctype)


def asked_for(client, doctype: str, name: str, field: str) -> Iterator[str]:
	"""What is answered to who asks for the field in each way there is."""
	fields = json.dumps(["name", field])
	yield client.get(f"/api/resource/{doctype}", params={"fields": fields}).text
	yield client.get(f"/api/resource/{doctype}/{name}").text
	yield client.get("/printview", params={"doctype": doctype, "name": name}).text
	arguments = {"doctype": doctype, "docname": name, "fields": fields}
	yield client.call("frappe.client.validate_link", **arguments).text
	yield client.call("frappe.client.get_value", doctype=doctype, filters=name, fieldname=field).text
	yield client.call("frappe.client.get_list", doctype=doctype, fields=fields).text
	yield client.call("frappe.client.get", doctype=doctype, name=name).text
	yield client.call("frappe.desk.reportview.get", doctype=doctype, fields=fields).text
	yield client.ask(
		"frappe.desk.reportview.export_query", doctype=doctype, fields=fields, file_format_type="CSV"
	).text
	export = json.dumps({doctype: ["name", field]})
	yield client.ask(
		"frappe.core.doctype.data_import.data_import.download_template",
		doctype=doctype,
		export_fields=export,
		export_records="all",
		file_type="CSV",
	).text
	yield client.ask("frappe.desk.form.load.getdoc", doctype=doctype, name=name).text


@pytest.mark.parametrize(("doctype", "field"), FIELDS)
def test_a_field_that_nobody_is_shown_has_the_level_that_the_list_says(doctype, field):
	assert frappe.get_meta(doctype).get_field(field).permlevel == OWN[doctype].secret_level
	levels = frappe.get_all("DocPerm", {"parent": doctype}, pluck="permlevel")
	assert OWN[doctype].secret_level not in levels


@pytest.mark.parametrize(("doctype", "field"), FIELDS)
def test_whatever_the_configuration_nobody_is_shown_the_value(
	manager, alice, kept, configured, doctype, field
):
	configured(doctype)
	for client in (manager, alice):
		for number, answer in enumerate(asked_for(client, doctype, kept[doctype], field)):
			assert CANARY not in answer, (number, answer)


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no permissions of a site")
@pytest.mark.parametrize("doctype", sorted({doctype for doctype, _field in FIELDS}))
def test_a_level_that_is_given_already_has_no_effect(manager, kept, doctype):
	level = OWN[doctype].secret_level
	row = frappe.new_doc("Custom DocPerm").update(
		{"parent": doctype, "role": "System Manager", "permlevel": level, "read": 1}
	)
	try:
		frappe.permissions.setup_custom_perms(doctype)
		row.name = frappe.generate_hash(length=10)
		row.db_insert()
		frappe.db.commit()
		frappe.clear_cache(doctype=doctype)
		for field in OWN[doctype].shown_to_nobody:
			for number, answer in enumerate(asked_for(manager, doctype, kept[doctype], field)):
				assert CANARY not in answer, (number, answer)
	finally:
		frappe.db.rollback()
		frappe.permissions.reset_perms(doctype)
		frappe.db.commit()
		frappe.clear_cache(doctype=doctype)


@pytest.mark.skipif(not is_a_bench(), reason="benchless has no permissions of a site")
@pytest.mark.parametrize(("doctype", "field"), FIELDS)
def test_such_a_configuration_is_refused_with_a_reason(manager, doctype, field):
	level = OWN[doctype].secret_level
	answer = manager.call(f"{PERMISSIONS}.add", parent=doctype, role="System Manager", permlevel=level)
	assert answer.status_code == 417, answer.text
	assert "shown to nobody" in answer.text
	for name in ("fieldtype", "hidden", "in_global_search", "mask", "options", "permlevel"):
		setter = {
			"doctype": "Property Setter",
			"doctype_or_field": "DocField",
			"doc_type": doctype,
			"field_name": field,
			"property": name,
			"property_type": "Int",
			"value": "0",
		}
		answer = manager.call("frappe.client.insert", doc=setter)
		assert answer.status_code == 417, answer.text
		assert f"{name}: " in answer.text
	frappe.db.rollback()
	assert not frappe.db.exists("Property Setter", {"doc_type": doctype, "field_name": field})
	frappe.permissions.reset_perms(doctype)
	frappe.db.commit()


def test_other_levels_and_fields_are_configured_as_before():
	row = frappe._dict(doctype="Custom DocPerm", parent="Background Job", permlevel=1)
	shown_to_nobody.refuse_rows(row)
	with pytest.raises(frappe.ValidationError, match=r"^permlevel: no role has level 2"):
		shown_to_nobody.refuse_rows(frappe._dict(row, permlevel="2"))
	shown_to_nobody.refuse_rows(frappe._dict(row, parent="User", permlevel=2))
	rows = [frappe._dict(permlevel=0), frappe._dict(permlevel=1)]
	with pytest.raises(frappe.ValidationError, match="level 1 of Job Step"):
		shown_to_nobody.refuse_rows(frappe._dict(doctype="DocType", name="Job Step", permissions=rows))
	setter = frappe._dict(doc_type="Background Job", property="permlevel", value="0")
	shown_to_nobody.refuse_setter(frappe._dict(setter, field_name="status"))
	order = '["name", "input_parameters"]'
	shown_to_nobody.refuse_setter(frappe._dict(setter, property="field_order", value=order))
	with pytest.raises(frappe.ValidationError, match=r"^permlevel: "):
		shown_to_nobody.refuse_setter(frappe._dict(setter, field_name="input_parameters"))


@pytest.mark.parametrize("doc_type", ["Background Job", "background job"])
def test_a_property_of_a_doctype_names_no_field_that_nobody_is_shown(doc_type):
	for name in ("title_field", "search_fields", "sort_field"):
		setter = frappe._dict(doc_type=doc_type, property=name, value="status, input_parameters")
		with pytest.raises(frappe.ValidationError, match=f"^{name}: input_parameters is shown to nobody"):
			shown_to_nobody.refuse_setter(setter)


def test_no_field_is_filled_from_one_that_nobody_is_shown():
	links = {"job": "Background Job", "step": "Job Step", "user": "User"}
	for fetch_from in ("job.input_parameters", "step.result", "later.last_key"):
		with pytest.raises(frappe.ValidationError, match=r"^fetch_from: .* is shown to nobody"):
			shown_to_nobody.refuse_fetching("Note", fetch_from, links)
	for fetch_from in ("job.result", "job.status", "user.full_name", ""):
		shown_to_nobody.refuse_fetching("Note", fetch_from, links)


def test_a_document_that_is_null_is_read_from_the_body(alice, world):
	"""To Frappe there is none then: the doors must see what it reads."""
	answers = []
	for name in (world.beta, "No Such Org"):
		sent = {"data": None, "description": "x", "reference_type": "Organization", "reference_name": name}
		answers.append(normalized(alice.post("/api/resource/ToDo", json=sent), name))
	assert answers[0] == answers[1]

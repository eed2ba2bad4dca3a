"""data_export on real rows: what its owner may read, complete, in bounded memory."""

import csv
import io

import frappe
import pytest
from factories import acting_as, state, wait_until
from openpyxl import load_workbook

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.export_files import parts_folder

ROWS = 50_000


@pytest.fixture
def frequent_progress(runtime):
	with runtime.site_config(dartwing_progress_interval_seconds=0.1):
		yield


@pytest.fixture
def many_people(world):
	"""50,000 people who are members of Alpha, and one of Beta."""
	people = [(f"test-person-{n:05d}", f"Person {n}", "Active") for n in range(ROWS + 1)]
	frappe.db.bulk_insert("Person", ["name", "first_name", "status"], people)
	members = [
		(f"test-member-{n:05d}", f"test-person-{n:05d}", world.alpha if n < ROWS else world.beta, "Active")
		for n in range(ROWS + 1)
	]
	frappe.db.bulk_insert("Org Member", ["name", "person", "organization", "status"], members)
	frappe.db.commit()
	yield
	frappe.db.delete("Org Member", {"name": ("like", "test-member-%")})
	frappe.db.delete("Person", {"name": ("like", "test-person-%")})
	frappe.db.commit()


def export(user: str, organization: str, **parameters):
	with acting_as(user):
		job = submit_job("data_export", organization, parameters)
		frappe.db.commit()
	return job


def content_of(file_url: str) -> bytes:
	frappe.db.rollback()
	with open(frappe.get_site_path(file_url.lstrip("/")), "rb") as file:
		return file.read()


def csv_rows(file_url: str) -> list[dict]:
	return list(csv.DictReader(io.StringIO(content_of(file_url).decode())))


def test_fifty_thousand_rows_show_progress_and_are_all_there(world, many_people, frequent_progress, worker):
	job = export(world.alice, world.alpha, doctype="Org Member", fields=["name", "person", "organization"])
	seen = set()

	def look():
		now = state(job.name)
		if now["status"] == "Running":
			seen.add(now["progress"])
		return now["status"] not in ("Pending", "Queued", "Running")

	wait_until(look, "the export ends", timeout_seconds=120)
	end = state(job.name)
	assert end["status"] == "Completed", end
	assert len([percent for percent in seen if 0 < percent < 100]) >= 2, seen
	rows = csv_rows(end["output_reference"])
	# alice and adam are members of Alpha too
	assert len(rows) == end["result"]["rows"] == ROWS + 2
	assert {row["organization"] for row in rows} == {world.alpha}
	assert len({row["name"] for row in rows}) == ROWS + 2


def test_an_xlsx_holds_the_rows_its_owner_may_read(world, work):
	job = export(world.bob, world.beta, doctype="Org Member", fields=["organization"], file_format="xlsx")
	work()
	end = state(job.name)
	assert end["result"]["file_format"] == "XLSX"
	sheet = load_workbook(io.BytesIO(content_of(end["output_reference"]))).active
	assert list(sheet.values) == [("organization",), (world.beta,)]


def test_the_file_is_private_and_only_its_owners(world, work, web):
	job = export(world.alice, world.alpha, doctype="Organization")
	work()
	file_url = state(job.name)["output_reference"]
	file = frappe.get_doc("File", {"file_url": file_url})
	assert file.is_private
	assert file.owner == world.alice
	assert file.file_size == len(content_of(file_url))
	assert web.login(world.alice).get(file_url).content == content_of(file_url)
	# another member of the same organization may not read what alice may
	for user in (world.adam, world.bob):
		assert web.login(user).get(file_url).status_code == 403
		with acting_as(user):
			assert frappe.get_list("File", {"name": file.name}) == []


def test_texts_do_not_become_formulas(world, work):
	person = frappe.get_doc({"doctype": "Person", "first_name": "=1+1", "last_name": "written by a test"})
	person.insert()
	parameters = {"doctype": "Person", "fields": ["first_name"], "filters": {"name": person.name}}
	job = export(world.manager, world.alpha, file_format="XLSX", **parameters)
	work()
	sheet = load_workbook(io.BytesIO(content_of(state(job.name)["output_reference"]))).active
	person.delete()
	frappe.db.commit()
	assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")


def test_filters_and_default_fields(world, work):
	job = export(world.manager, world.alpha, doctype="Organization", filters={"org_name": world.beta})
	work()
	(row,) = csv_rows(state(job.name)["output_reference"])
	assert row["name"] == row["org_name"] == world.beta
	assert row["status"] == "Active"


@pytest.mark.parametrize(
	("parameters", "message"),
	[
		({}, "parameters.doctype"),
		({"doctype": "Nonsense"}, "'Nonsense'"),
		({"doctype": "Has Role"}, "parameters.doctype"),
		({"doctype": "System Settings"}, "parameters.doctype"),
		({"doctype": "Error Log"}, "no permission"),
		({"doctype": "Organization", "fields": ["password"]}, "parameters.fields"),
		({"doctype": "Organization", "fields": "name"}, "parameters.fields"),
		({"doctype": "Organization", "filters": "name"}, "parameters.filters"),
		({"doctype": "Organization", "file_format": "PDF"}, "parameters.file_format"),
	],
)
def test_wrong_parameters_are_dead_letters_that_name_them(world, work, parameters, message):
	job = export(world.alice, world.alpha, **parameters)
	work()
	end = state(job.name)
	assert end["status"] == "Dead Letter"
	assert message in end["error_message"]


def test_an_interrupted_csv_goes_on_behind_its_checkpoint(world, many_people, work, runtime):
	job = export(world.alice, world.alpha, doctype="Org Member", fields=["name"])
	part = parts_folder() / "interrupted.csv"
	done = [f"test-member-{n:05d}" for n in range(20_000)]
	text = "name\r\n" + "".join(f"{name}\r\n" for name in done)
	part.write_text(text + "half a li", newline="")
	checkpoint = {
		"part": part.name,
		"size": len(text),
		"rows": len(done),
		"last_name": done[-1],
		"fields": ["name"],
	}
	frappe.db.set_value("Background Job", job.name, "checkpoint", frappe.as_json(checkpoint))
	frappe.db.commit()
	work()
	end = state(job.name)
	names = [row["name"] for row in csv_rows(end["output_reference"])]
	assert names[:20_000] == done
	assert names == sorted(names)
	# names of real members, which are random, may sort before the ones that were skipped
	assert len(names) >= ROWS
	part.unlink()


def test_memory_does_not_grow_with_the_rows(world, many_people, runtime):
	peaks = {}
	for rows in (5_000, ROWS):
		job = export(
			world.alice,
			world.alpha,
			doctype="Org Member",
			fields=["name", "person"],
			filters=[["name", "<", f"test-member-{rows:05d}"], ["name", ">=", "test-member-00000"]],
		)
		output = runtime.run(
			*runtime.on_site(
				"execute", "dartwing.tests.memory.peak_of_export", "--kwargs", f"{{'job_id': '{job.name}'}}"
			),
		)
		peaks[rows] = int(output.strip().splitlines()[-1])
	print(f"peak of Python's memory: {peaks}")
	assert peaks[ROWS] < 1.5 * peaks[5_000]

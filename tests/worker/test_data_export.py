"""data_export on real rows: what its owner may read, complete, in bounded memory."""

import csv
import errno
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import frappe
import pytest
from factories import acting_as, state, wait_until
from openpyxl import load_workbook

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.database.job_files import parts_folder
from dartwing.dartwing_core.background_jobs.handlers.export_files import XlsxFile
from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs

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
	return list(csv.DictReader(io.StringIO(content_of(file_url).decode("utf-8-sig"), newline="")))


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


@pytest.fixture
def person_called(request):
	"""Makes people with names as nobody has them; their job's parameters export the first name of one."""
	made = []

	def make(first_name: str) -> dict:
		made.append(frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert())
		# a row may be older than the rules for names, and other apps have none
		made[-1].db_set("first_name", first_name)
		return {"doctype": "Person", "fields": ["first_name"], "filters": {"name": made[-1].name}}

	yield make
	for person in made:
		person.delete()
	frappe.db.commit()


def exported(world, work, **parameters) -> dict:
	job = export(world.manager, world.alpha, **parameters)
	work()
	return state(job.name)


def test_texts_do_not_become_formulas(world, work, person_called):
	end = exported(world, work, file_format="XLSX", **person_called("=1+1"))
	sheet = load_workbook(io.BytesIO(content_of(end["output_reference"]))).active
	assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
	assert end["result"]["changed_cells"] == {}


@pytest.mark.parametrize("begin", "=+-@")
def test_a_csv_has_no_formulas_and_says_how_many_it_made_inert(world, work, person_called, begin):
	end = exported(world, work, **person_called(f"{begin}cmd|' /C calc'!A0"))
	assert csv_rows(end["output_reference"]) == [{"first_name": f"'{begin}cmd|' /C calc'!A0"}]
	assert end["result"]["changed_cells"] == {"made_inert": 1}


def test_a_csv_holds_texts_as_they_are_for_who_asks_for_that(world, work, person_called):
	parameters = person_called("=José")
	end = exported(world, work, inert_texts=False, byte_order_mark=False, **parameters)
	assert content_of(end["output_reference"]) == "first_name\r\n=José\r\n".encode()
	assert end["result"]["changed_cells"] == {}


def test_excel_recognises_a_csv_as_utf_8(world, work, person_called):
	end = exported(world, work, **person_called("José"))
	assert content_of(end["output_reference"]).startswith(b"\xef\xbb\xbffirst_name\r\nJos\xc3\xa9")


def test_an_xlsx_says_what_it_could_not_hold(world, work, person_called):
	end = exported(world, work, file_format="XLSX", **person_called("a\x0bb"))
	sheet = load_workbook(io.BytesIO(content_of(end["output_reference"]))).active
	assert sheet["A2"].value == "a\ufffdb"
	assert end["result"]["changed_cells"] == {"replaced_characters": 1}


def test_numbers_stay_numbers_in_a_csv(world, work):
	parameters = {"doctype": "Job Type", "fields": ["default_timeout"], "filters": {"name": "echo_job"}}
	frappe.db.set_value("Job Type", "echo_job", "default_timeout", -300)
	try:
		end = exported(world, work, **parameters)
	finally:
		frappe.db.set_value("Job Type", "echo_job", "default_timeout", 300)
		frappe.db.commit()
	assert csv_rows(end["output_reference"]) == [{"default_timeout": "-300"}]


def test_filters_and_default_fields(world, work):
	job = export(world.manager, world.alpha, doctype="Organization", filters={"org_name": world.beta})
	work()
	(row,) = csv_rows(state(job.name)["output_reference"])
	assert row["name"] == row["org_name"] == world.beta
	assert row["status"] == "Active"


@pytest.mark.parametrize(
	("parameters", "message"),
	[
		({"doctype": "Nonsense"}, "'Nonsense'"),
		({"doctype": "Has Role"}, "parameters.doctype"),
		({"doctype": "System Settings"}, "parameters.doctype"),
		({"doctype": "Error Log"}, "no permission"),
		({"doctype": "Organization", "fields": ["password"]}, "parameters.fields"),
		({"doctype": "Organization", "file_format": "XLSX", "inert_texts": True}, "parameters.inert_texts"),
	],
)
def test_wrong_parameters_are_dead_letters_that_name_them(world, work, parameters, message):
	job = export(world.alice, world.alpha, **parameters)
	work()
	end = state(job.name)
	assert end["status"] == "Dead Letter"
	assert message in end["error_message"]


@pytest.mark.parametrize(
	("parameters", "message"),
	[
		({}, "parameters.doctype"),
		({"doctype": "Organization", "fields": "name"}, "parameters.fields"),
		({"doctype": "Organization", "filters": "name"}, "parameters.filters"),
		({"doctype": "Organization", "file_format": "PDF"}, "parameters.file_format"),
		({"doctype": "Organization", "fliters": {"name": "x"}}, "parameters.fliters"),
		({"doctype": "Organization", "byte_order_mark": 0}, "parameters.byte_order_mark"),
	],
)
def test_parameters_that_no_export_has_are_refused_at_once(world, parameters, message):
	with pytest.raises(frappe.ValidationError, match=f"^{message}: "):
		export(world.alice, world.alpha, **parameters)


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


def test_a_csv_whose_part_is_shorter_than_its_checkpoint_begins_anew(world, work):
	"""As after the death of a machine, which had not written all of it to its disk."""
	job = export(world.alice, world.alpha, doctype="Org Member", fields=["name"])
	part = parts_folder() / "cut.csv"
	part.write_text("name\r\n", newline="")
	checkpoint = {"part": part.name, "size": 100, "rows": 4, "last_name": "zzz", "fields": ["name"]}
	frappe.db.set_value("Background Job", job.name, "checkpoint", frappe.as_json(checkpoint))
	frappe.db.commit()
	work()
	names = [row["name"] for row in csv_rows(state(job.name)["output_reference"])]
	with acting_as(world.alice):
		assert sorted(names) == sorted(frappe.get_list("Org Member", pluck="name", limit=0))
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


def files_of(job_id: str) -> list:
	private = Path(frappe.get_site_path("private"))
	return [*private.glob(f"files/*{job_id}-*"), *private.glob(f"dartwing_exports/{job_id}-*")]


def test_what_an_export_wrote_goes_with_its_job_although_another_file_is_equal(world, work):
	parameters = {"doctype": "Organization", "fields": ["name"], "filters": {"name": world.alpha}}
	first = export(world.alice, world.alpha, **parameters)
	# equal in all but what it says that is the default
	second = export(world.adam, world.alpha, **parameters, byte_order_mark=True)
	jobs = [first, second]
	work()
	contents = [content_of(state(job.name)["output_reference"]) for job in jobs]
	assert contents[0] == contents[1]
	parts_folder().joinpath(f"{jobs[0].name}-interrupted.csv").write_text("name")
	frappe.db.set_value("Background Job", jobs[0].name, "modified", "2020-01-01", update_modified=False)
	frappe.db.commit()
	cleanup_old_jobs(30)
	assert not frappe.db.exists("Background Job", jobs[0].name)
	assert files_of(jobs[0].name) == []
	assert len(files_of(jobs[1].name)) == 1


def test_a_file_that_was_attached_elsewhere_outlives_its_job(world, work):
	job = export(world.alice, world.alpha, doctype="Organization", fields=["name"])
	work()
	file_url = state(job.name)["output_reference"]
	with acting_as(world.alice):
		attached = frappe.get_doc(
			{
				"doctype": "File",
				"file_url": file_url,
				"is_private": 1,
				"attached_to_doctype": "Organization",
				"attached_to_name": world.alpha,
			}
		).insert()
	frappe.get_doc("Background Job", job.name).delete()
	frappe.db.commit()
	# v15 attaches the same file; v16 reads it without its byte order mark, and so attaches a copy
	assert content_of(attached.file_url)
	frappe.delete_doc("File", attached.name)
	frappe.db.commit()


def test_an_equal_file_that_its_owner_uploaded_outlives_the_job(world, work):
	job = export(world.alice, world.alpha, doctype="Organization", fields=["name"])
	work()
	content = content_of(state(job.name)["output_reference"])
	with acting_as(world.alice):
		equal = {"file_name": "mine.csv", "is_private": 1, "content": content}
		uploaded = frappe.get_doc(doctype="File", **equal).insert()
	frappe.get_doc("Background Job", job.name).delete()
	frappe.db.commit()
	assert frappe.db.exists("File", uploaded.name)
	assert content_of(uploaded.file_url) == content
	frappe.delete_doc("File", uploaded.name)
	frappe.db.commit()
	assert files_of(job.name) == []


def test_an_xlsx_that_found_no_room_leaves_nothing(world, monkeypatch):
	fill = XlsxFile("JOB-0", ["name"])
	fill.start(None)
	monkeypatch.setattr(fill._book, "save", partial(write_and_fail, fill._book.save))
	with pytest.raises(OSError, match="No space left"):
		fill.finish(frappe.get_site_path("private", "files", "x.xlsx"))
	fill.close()
	assert files_of("JOB-0") == []


def write_and_fail(save: Callable, path: Path) -> None:
	save(path)
	raise OSError(errno.ENOSPC, "No space left on device")


def test_what_earlier_attempts_had_begun_goes_when_the_export_completes(world, work):
	job = export(world.alice, world.alpha, doctype="Organization", fields=["name"])
	private_files = Path(frappe.get_site_path("private", "files"))
	moved = private_files / f"organization-{job.name}-killed.csv"
	moved.write_text("name")
	parts_folder().joinpath(f"{job.name}-killed.csv").write_text("name")
	parts_folder().joinpath(f"{job.name}-killed.moved").write_text(moved.name)
	work()
	end = state(job.name)
	assert [f"/private/files/{file.name}" for file in files_of(job.name)] == [end["output_reference"]]

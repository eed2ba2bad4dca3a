"""What the door in front of Frappe's methods costs, and what it leaves as it was sent."""

from string import ascii_lowercase

import frappe
import pytest
from factories import counted_statements, submit
from requested import requested
from werkzeug.wrappers import Response

from dartwing.dartwing_core.api import door, mentions

NO_BUSINESS_OF_OURS = [
	("/api/method/frappe.client.get", {"doctype": "Role", "name": "Dartwing User"}),
	("/api/resource/ToDo", {"filters": '[["status","=","Open"]]'}),
	("/app", {}),
	("/api/method/dartwing.dartwing_core.api.jobs.list_jobs", {"organization": "Alpha Test Org"}),
	(
		"/api/method/dartwing.dartwing_core.api.desk.act_on_jobs",
		{"job_ids": ["JOB-1"], "action": "Background Job"},
	),
]


@pytest.mark.parametrize(("path", "form"), NO_BUSINESS_OF_OURS)
def test_a_request_about_nothing_guarded_asks_the_database_nothing(clean, path, form):
	for _time in range(2):
		# after the first, what the site keeps in its cache is there
		with requested(path, **form), counted_statements() as statements:
			door.check_request()
	assert statements == []


BODIES = ("{name}", "%PDF \xff\xfe {name}", '<{digits}img src="x" on{digits}error="x">')


def replaced_name(hidden: str) -> str:
	"""What stands for a hidden name in one request."""
	frappe.local.form_dict.update(doctype="Background Job", name=hidden)
	door.check_request()
	return frappe.local.form_dict.name


@pytest.mark.parametrize("body", BODIES)
def test_nothing_is_taken_from_an_answer_but_what_its_own_request_had_replaced(clean, world, body):
	"""Else the digits of an earlier request would hide markup from each door."""
	hidden = submit(world.bob, world.beta).name
	with requested("/api/method/frappe.desk.form.load.getdoc"):
		earlier = replaced_name(hidden)
	assert earlier.startswith(hidden)
	assert earlier != hidden
	answered = body.format(name=earlier, digits=earlier.removeprefix(hidden)).encode("latin-1")
	for path, form in (
		("/api/resource/ToDo", {}),
		("/api/method/frappe.desk.form.load.getdoc", {"doctype": "Background Job", "name": hidden}),
	):
		with requested(path, **form) as request:
			door.check_request()
			response = Response(answered, headers={"X-Told": earlier})
			door.restore_names(response, request)
		assert response.get_data() == answered
		assert response.headers["X-Told"] == earlier


@pytest.mark.parametrize("body", BODIES[:2])
def test_what_a_request_had_replaced_is_answered_as_it_was_sent(clean, world, body):
	hidden = submit(world.bob, world.beta).name
	with requested("/api/method/frappe.desk.form.load.getdoc") as request:
		response = Response(body.format(name=replaced_name(hidden)).encode("latin-1"))
		door.restore_names(response, request)
	assert response.get_data() == body.format(name=hidden).encode("latin-1")


def test_no_two_requests_have_the_same_digits(clean, world):
	hidden = submit(world.bob, world.beta).name
	told = set()
	for _time in range(3):
		with requested("/api/method/frappe.desk.form.load.getdoc"):
			told.add(replaced_name(hidden))
	assert len(told) == 3


def test_a_members_own_job_costs_few_statements(clean):
	job = submit().name
	with requested("/api/method/frappe.desk.form.load.getdoc", doctype="Background Job", name=job):
		frappe.get_roles()
		with counted_statements() as statements:
			door.check_request()
		assert frappe.local.form_dict.name == job
	assert len(statements) <= 3, statements


def test_what_only_looks_like_a_name_is_stored_as_it_was_sent(clean, world):
	comment = {
		"doctype": "Organization",
		"name": world.alpha,
		"legal_name": world.beta,
		"reference_doctype": "Organization",
		"reference_name": world.alpha,
		"content": world.beta,
	}
	with requested("/api/method/frappe.desk.form.utils.add_comment", **comment):
		door.check_request()
		assert frappe.local.form_dict.content == world.beta
	foreign = frappe.db.get_value("Person", {"frappe_user": world.bob})
	with requested("/api/resource/Person/mine", "PUT", last_name=foreign, frappe_user=foreign):
		door.check_request()
		assert frappe.local.form_dict == {"last_name": foreign, "frappe_user": foreign}


def test_an_admin_can_enroll_who_belongs_nowhere_and_nobody_elses_member(clean, world):
	nobodys = frappe.get_doc({"doctype": "Person", "first_name": "New"}).insert()
	theirs = frappe.db.get_value("Person", {"frappe_user": world.bob})
	for person, is_taken in ((nobodys.name, True), (theirs, False)):
		with requested("/api/resource/Org Member", person=person, organization=world.alpha):
			door.check_request()
			assert (frappe.local.form_dict.person == person) is is_taken
	frappe.db.rollback()


def test_a_foreign_name_is_replaced_where_names_stand_and_nowhere_else(clean, world):
	job = submit(world.bob, world.beta).name
	form = {
		"doctype": "background job",
		"name": job,
		"docs": f'[{{"docname": "{job}", "any": "{job}"}}]',
		"args": {"deep": {"names": [job], "text": job}},
		"note": f"about {job}",
		"text": job,
	}
	with requested(f"/api/resource/Background Job/{job}", "GET", **form) as request:
		door.check_request()
		found = frappe.local.form_dict
		told = found.name
		assert told != job
		assert told.startswith(job)
		assert found.docs == f'[{{"docname": "{told}", "any": "{job}"}}]'
		assert found.args == {"deep": {"names": [told], "text": job}}
		assert found.note == f"about {job}"
		assert found.text == job
		assert request.path.endswith(f"/{told}")
		assert request.environ["PATH_INFO"] == request.path


@pytest.mark.parametrize(
	"text", ["Background Job", "background job", "background-job", "Background_Job", " BackgroundJob "]
)
def test_a_doctype_is_known_however_it_is_written(text):
	assert mentions.guarded_doctype(text) == "Background Job"


def spellings_of_letters() -> list[tuple[str, str]]:
	"""Characters that the database takes for a letter, with that, and those that it passes over, with ""."""
	code_points = [point for point in range(1, 0x20000) if not 0xD800 <= point < 0xE000]
	frappe.db.sql_ddl("create temporary table dartwing_letters (c varchar(4) collate utf8mb4_unicode_ci)")
	try:
		for start in range(0, len(code_points), 5000):
			rows = [(chr(point),) for point in code_points[start : start + 5000]]
			frappe.db.sql(
				f"insert into dartwing_letters values {', '.join(['(%s)'] * len(rows))}", sum(rows, ())
			)
		letters = " union ".join(
			f"select '{letter}' collate utf8mb4_unicode_ci l" for letter in ascii_lowercase
		)
		return [
			*frappe.db.sql(f"select c, l from dartwing_letters join ({letters}) letters on c = l"),
			*frappe.db.sql("select c, '' from dartwing_letters where concat('a', c, 'b') = 'ab'"),
		]
	finally:
		frappe.db.sql_ddl("drop temporary table dartwing_letters")


def test_a_doctype_is_known_in_every_spelling_that_the_database_takes_for_it(site):
	spellings = spellings_of_letters()
	assert len(spellings) > 1000
	for doctype in mentions.GUARDED:
		for spelling, letter in spellings:
			if letter and letter in doctype.lower():
				position = doctype.lower().index(letter)
				text = doctype[:position] + spelling + doctype[position + 1 :]
			elif letter:
				continue
			else:
				text = doctype[0] + spelling + doctype[1:]
			assert mentions.guarded_doctype(text) == doctype, (text, hex(ord(spelling)))
			assert mentions.is_suspect(text), (text, hex(ord(spelling)))


@pytest.mark.parametrize("text", ["Job", "Personal", "Organizations", "", None, 3])
def test_other_texts_are_no_guarded_doctype(text):
	assert mentions.guarded_doctype(text) is None

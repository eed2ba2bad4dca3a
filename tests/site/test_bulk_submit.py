"""Many jobs in one call: as few statements as one, all of them or none."""

from unittest.mock import patch

import frappe
import pytest
from factories import OBLIGING, acting_as, counted_statements, make_job_type, second_connection, submit

from dartwing.dartwing_core.background_jobs import generate_job_hash, submit_jobs
from dartwing.dartwing_core.background_jobs.database import inserts
from dartwing.dartwing_core.background_jobs.database.named_locks import lock_name
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs
from dartwing.dartwing_core.background_jobs.errors import DuplicateJobError, SubmissionTimeoutError

TYPE = "test_bulk"


@pytest.fixture(autouse=True)
def _job_type(_clean):
	make_job_type(TYPE, deduplication_window=300, rate_limit=100_000, rate_limit_window=60)
	frappe.db.commit()


def bulk(world, count: int, first: int = 0, **arguments) -> list:
	request = {"job_type": TYPE, "organization": world.alpha, **arguments}
	with acting_as(world.alice):
		return submit_jobs([{**request, "parameters": {"n": n}} for n in range(first, first + count)])


def test_the_rows_of_one_moments_log_never_have_the_same_name(world):
	# as random numbers, one of a hundred bulks of 10,000 would have two that are equal
	with patch("secrets.randbits", lambda bits: 2**bits - 2):
		names = [job.name for job in bulk(world, 3)]
		frappe.db.commit()
	logged = {"background_job": ("in", names), "to_status": "Pending"}
	rows = frappe.get_all("Job Execution Log", logged, pluck="name", order_by="name asc")
	assert [name[-8:] for name in rows] == ["00000000", "fffffffe", "ffffffff"]


def jobs_there(world) -> int:
	return frappe.db.count("Background Job", {"organization": world.alpha})


def test_many_jobs_take_no_more_statements_than_a_few(world):
	parent = submit().name

	def statements_for(count: int) -> int:
		with counted_statements() as statements:
			bulk(world, count, depends_on=parent)
			frappe.db.rollback()
		# the locks of their names are taken one by one, a hundred at most
		return len([statement for statement in statements if "get_lock" not in statement])

	# settings and types are read once
	statements_for(1)
	assert statements_for(300) == statements_for(900)


def test_each_gets_an_id_of_its_own_in_the_order_of_the_list(world):
	names = [job.name for job in bulk(world, 300)]
	assert len(set(names)) == 300
	assert names == sorted(names)
	stored = frappe.get_all(
		"Background Job", {"name": ("in", names)}, ["name", "input_parameters"], order_by="name asc"
	)
	assert [frappe.parse_json(row.input_parameters)["n"] for row in stored] == list(range(300))


@pytest.mark.parametrize("statement", [2, 4, 7])
def test_an_error_in_any_statement_leaves_no_job_and_the_callers_work(world, statement):
	person = frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert()
	insert_chunk, executed = inserts._insert, []

	def fail_at_one(*arguments) -> None:
		executed.append(arguments)
		if len(executed) == statement:
			raise frappe.QueryTimeoutError("no")
		insert_chunk(*arguments)

	with (
		patch.object(inserts, "MAX_ROWS", 3),
		patch.object(inserts, "_insert", fail_at_one),
		pytest.raises(frappe.QueryTimeoutError),
	):
		bulk(world, 12)
	frappe.db.commit()
	assert jobs_there(world) == 0
	assert frappe.db.exists("Person", person.name)


def test_a_job_that_is_there_already_is_named_wherever_it_is_in_the_list(world):
	(there,) = bulk(world, 1, first=150)
	frappe.db.commit()
	with pytest.raises(DuplicateJobError) as error:
		bulk(world, 200)
	assert error.value.existing_job_id == there.name
	frappe.db.commit()
	assert jobs_there(world) == 1


def test_one_that_another_committed_after_the_look_is_named_too(world):
	insert, others = inserts.insert, []

	def another_comes_first(*arguments) -> None:
		if not others:
			others.append(None)
			with second_connection():
				# past the locks, as one who submits without them would
				with patch.object(
					equal_jobs, "lock_name", lambda *of_what: "past " + lock_name(*of_what)[5:]
				):
					others[0] = bulk(world, 1, first=150)[0].name
				frappe.db.commit()
		insert(*arguments)

	with patch.object(inserts, "insert", another_comes_first), pytest.raises(DuplicateJobError) as error:
		bulk(world, 200)
	assert error.value.existing_job_id == others[0]


def test_an_equal_submission_that_has_inserted_nothing_yet_is_waited_for_wherever_it_is_in_the_list(world):
	job_hash = generate_job_hash(TYPE, world.alpha, {"n": 150})
	other = f"select get_lock('{lock_name('equal job', job_hash)}', 0)"
	with second_connection():
		assert frappe.db.sql(other)[0][0]
		with patch.object(equal_jobs, "WAIT_SECONDS", 0), pytest.raises(SubmissionTimeoutError):
			bulk(world, 300)
		frappe.db.rollback()
	bulk(world, 300)
	with second_connection():
		assert not frappe.db.sql(other)[0][0]
	frappe.db.commit()
	with second_connection():
		assert frappe.db.sql(other)[0][0]
	assert jobs_there(world) == 300


def test_large_parameters_are_split_over_statements(world):
	request = {"job_type": OBLIGING, "organization": world.alpha}
	large = {"text": "x" * 1_000_000}
	with acting_as(world.alice), counted_statements() as statements:
		submit_jobs([{**request, "parameters": {**large, "n": n}} for n in range(9)])
	inserted = [len(text) for text in statements if "insert into `tabBackground Job`" in text]
	assert len(inserted) == 5
	assert jobs_there(world) == 9

"""data_export asks for what its owner may read; all else is a dead letter at once, naming the parameter."""

import re

import frappe
import pytest
from factories import end, state, submit, submit_as

from dartwing.dartwing_core.background_jobs import get_job_status

SECRET = "hunter2"
LEAK = "extractvalue(1,concat(0x7e,(select password from `__Auth` limit 1)))"
# by name: the parameters, and how the error begins
REFUSED = {
	"SQL": ({"doctype": "Organization", "filters": ["1=1 or 1=1"]}, "parameters.filters[0]: must be"),
	"SQL about jobs": (
		{"doctype": "Background Job", "fields": ["name"], "filters": [["name", "like", "%"], "1=1 or 1=1"]},
		"parameters.filters[1]: must be",
	),
	"SQL with an error that tells": (
		{"doctype": "Organization", "filters": [LEAK]},
		"parameters.filters[0]: must be",
	),
	"a key with a backtick": (
		{"doctype": "Organization", "filters": {"name` like '%' or `name": "x"}},
		"parameters.filters[0]: Organization has no field",
	),
	"a field with a backtick": (
		{"doctype": "Organization", "filters": [["name` like '%' or `name", "=", "x"]]},
		"parameters.filters[0]: Organization has no field",
	),
	"an object as a value": (
		{"doctype": "Organization", "filters": [["name", ">", {"a": "1"}]]},
		"parameters.filters[0].value: must be a text or a number",
	),
	**{
		f"a guess at {field}": (
			{"doctype": "Background Job", "filters": {field: ["like", f"%{SECRET}%"]}},
			f"parameters.filters.{field}: Background Job has no field '{field}' that you may read",
		)
		for field in ("input_parameters", "job_hash", "checkpoint", "error_traceback", "deduplication_key")
	},
	"an unknown field": (
		{"doctype": "Organization", "filters": {"colour": "red"}},
		"parameters.filters.colour: Organization has no field 'colour' that you may read",
	),
	"another case": ({"doctype": "organization"}, "parameters.doctype: no DocType 'organization'"),
	"other accents": ({"doctype": "Organizätion"}, "parameters.doctype: no DocType 'Organizätion'"),
	"a virtual DocType": ({"doctype": "RQ Job"}, "parameters.doctype: "),
	"a list as DocType": ({"doctype": ["Organization"]}, "parameters.doctype: must be a valid string"),
	"an object as DocType": (
		{"doctype": {"name": ["like", "%"]}},
		"parameters.doctype: must be a valid string",
	),
	"a number as DocType": ({"doctype": 7}, "parameters.doctype: must be a valid string"),
	"an operator that is no text": (
		{"doctype": "Organization", "filters": [["name", 7, "x"]]},
		"parameters.filters[0].operator: 7 is none of",
	),
	"a day that is none": (
		{"doctype": "Organization", "filters": [["creation", ">", "soon"]]},
		"parameters.filters[0].value: 'soon' is no date",
	),
	"fields that are a number": (
		{"doctype": "Organization", "fields": 7},
		"parameters.fields: must be a valid array",
	),
	"a field that is a list": (
		{"doctype": "Organization", "fields": [["name"]]},
		"parameters.fields[0]: must be a valid string",
	),
	"a function as a field": (
		{"doctype": "Organization", "fields": ["count(name)"]},
		"parameters.fields[0]: Organization has no field 'count(name)'",
	),
	"filters that are false": (
		{"doctype": "Organization", "filters": False},
		"parameters.filters: must be an object",
	),
	"a format that is an empty list": (
		{"doctype": "Organization", "file_format": []},
		"parameters.file_format: must be 'CSV' or 'XLSX'",
	),
	"a format that is a list": (
		{"doctype": "Organization", "file_format": ["CSV"]},
		"parameters.file_format: must be 'CSV' or 'XLSX'",
	),
}

# what the contract refuses when the job is submitted
WRONG_SHAPES = {
	"a list as DocType",
	"an object as DocType",
	"a number as DocType",
	"fields that are a number",
	"a field that is a list",
	"filters that are false",
	"a format that is an empty list",
	"a format that is a list",
}


@pytest.fixture
def foreign(world) -> str:
	"""A dead letter of Beta."""
	job = submit(world.bob, world.beta, password=SECRET).name
	end(job, "Dead Letter")
	return job


def test_what_may_not_be_asked_for_is_a_dead_letter_at_once(world, foreign, work):
	"""One worker for all of them: each is tried once."""
	jobs = {}
	for way, (parameters, message) in REFUSED.items():
		if way in WRONG_SHAPES:
			with pytest.raises(frappe.ValidationError, match=f"^{re.escape(message)}"):
				submit_as(world.alice, "data_export", world.alpha, parameters)
		else:
			jobs[way] = submit_as(world.alice, "data_export", world.alpha, parameters).name
	work()
	for way, message in ((way, REFUSED[way][1]) for way in jobs):
		ended = state(jobs[way])
		assert (ended["status"], ended["error_type"]) == ("Dead Letter", "Permanent"), (way, ended)
		assert ended["retry_count"] == 0, way
		assert ended["error_message"].startswith(message), (way, ended["error_message"])
		assert not frappe.db.exists("File", {"owner": world.alice, "file_name": ("like", f"%{jobs[way]}%")})


def test_a_guess_at_a_password_key_finds_nothing_for_a_system_manager(world, work):
	guess = {"doctype": "User", "filters": {"reset_password_key": ["like", "a%"]}}
	job = submit_as(world.manager, "data_export", world.alpha, guess).name
	listed = submit_as(
		world.manager, "data_export", world.alpha, {"doctype": "User", "fields": ["email"]}
	).name
	work()
	assert state(job)["error_message"].startswith("parameters.filters.reset_password_key: User has no field")
	assert state(listed)["status"] == "Completed"


def test_what_desk_and_frappe_take_for_filters_still_works(world, work):
	asked = [
		{"org_name": world.alpha},
		{"name": ["like", "Alpha%"], "status": ["in", ["Active"]]},
		[["Organization", "name", "=", world.alpha, False], ["creation", ">", "2000-01-01"]],
		[["creation", "between", ["2000-01-01", "2999-12-31"]], ["org_type", "is", "set"]],
		'{"status": "Active"}',
		None,
	]
	jobs = [
		submit_as(world.alice, "data_export", world.alpha, {"doctype": "Organization", "filters": one}).name
		for one in asked
	]
	work()
	for job in jobs:
		assert get_job_status(job)["result"]["rows"] == 1, get_job_status(job)

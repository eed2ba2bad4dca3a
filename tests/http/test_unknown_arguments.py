"""What a client says is heard, or refused by name: nothing is silently left out."""

import pytest
from answers import API, error, message
from factories import OBLIGING, submit
from framework import since

DESK = API.replace(".jobs", ".desk")
PAGE = API.replace(".jobs", ".members_page")
HEALTH = API.replace(".jobs", ".health")
UNKNOWN = "max_tries: there is no such argument"


def submission(world) -> dict:
	return {"job_type": OBLIGING, "organization": world.alpha, "parameters": {"mode": "succeed"}}


@pytest.mark.parametrize("how", ["json", "data"])
def test_an_argument_that_a_submission_does_not_know_is_refused_by_name(alice, world, how):
	"""As a key that this version does not know: the client must not believe that it was heard."""
	arguments = {"job_type": OBLIGING, "organization": world.alpha, "max_tries": "1"}
	answer = alice.post(f"/api/method/{API}.submit_job", **{how: arguments})
	assert error(answer, 417) == UNKNOWN
	assert message(alice.ask(f"{API}.list_jobs"))["total"] == 0


def test_an_argument_in_the_query_of_a_submission_is_refused_too(alice, world):
	answer = alice.post(f"/api/method/{API}.submit_job?max_tries=1", data={"job_type": OBLIGING})
	assert error(answer, 417) == UNKNOWN


@pytest.mark.parametrize(
	"method",
	[
		f"{API}.get_job_status",
		f"{API}.list_jobs",
		f"{API}.get_job_metrics",
		f"{API}.list_dead_letters",
		f"{PAGE}.list_rows",
		f"{DESK}.count_by_status",
		f"{DESK}.waiting_jobs",
		f"{DESK}.get_dossier",
	],
)
@pytest.mark.parametrize("version", ["/api/method/", "/api/v1/method/"])
def test_no_method_that_reads_leaves_an_argument_out(alice, world, method, version):
	arguments = {"max_tries": 1}
	if method.endswith(("get_job_status", "get_dossier")):
		arguments["job_id"] = submit().name
	answer = alice.get(version + method, params=arguments)
	assert answer.status_code == 417, answer.text
	assert "max_tries: there is no such argument" in answer.text


@pytest.mark.parametrize("name", ["cancel_job", "retry_job", "retry_jobs", "discard_jobs", "submit_jobs"])
def test_no_method_that_changes_leaves_an_argument_out(adam, world, name):
	job = submit()
	answer = adam.call(f"{API}.{name}", job_id=job.name, job_ids=[job.name], reason="no more", max_tries=True)
	assert "there is no such argument" in error(answer, 417)
	assert message(adam.call(f"{API}.get_job_status", job_id=job.name))["status"] == "Queued"


@pytest.mark.parametrize("name", ["flags", "ignore_permissions", "data", "run_method", "doctype", "usr"])
def test_names_that_mean_something_elsewhere_in_frappe_are_no_exception(alice, world, name):
	answer = alice.call(f"{API}.list_jobs", **{name: "1"})
	assert error(answer, 417) == f"{name}: there is no such argument"


@pytest.mark.parametrize("name", ["a b", "<b>", "\ud800", "x" * 10_000, ""])
def test_whatever_the_name_is_it_is_refused_in_one_sentence(alice, world, name):
	answer = alice.call(f"{API}.list_jobs", **{name: 1})
	if since(16, 0) and name == "\ud800":
		assert error(answer, 400) == "The request's body is no valid JSON"
		return
	sentence = error(answer, 417)
	assert sentence.endswith(": there is no such argument")
	assert len(sentence) < 200


def test_what_frappe_itself_takes_out_of_a_request_is_let_through(alice, world):
	assert message(alice.ask(f"{API}.list_jobs", _lang="de", _="1700000000"))["total"] == 0
	answer = alice.post("/", data={"cmd": f"{API}.list_jobs", "_lang": "de"})
	assert message(answer)["total"] == 0
	assert error(alice.post("/", data={"cmd": f"{API}.list_jobs", "max_tries": "1"}), 417) == UNKNOWN


def test_health_and_metrics_take_none(manager):
	for method in (f"{HEALTH}.get_health", API.replace(".jobs", ".prometheus.get_exposition")):
		assert "max_tries: there is no such argument" in manager.ask(method, max_tries=1).text

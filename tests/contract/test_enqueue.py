import frappe
import pytest
from contract_doctypes import group
from contract_jobs_on_queues import MODULE, QUEUES
from factories import acting_as
from framework import id_in_rq, since
from frappe.utils.background_jobs import (
	create_job_id,
	get_job,
	get_queue,
	get_queue_list,
	get_redis_conn,
	is_job_enqueued,
)
from rq.exceptions import NoSuchJobError
from rq.job import Job

from dartwing.tests import contract_jobs

QUEUE = "long"


@pytest.fixture(autouse=True)
def _idle(jobs, monkeypatch):
	"""The queues of a bench that has no workers, so that what is pushed stays; removed at the end."""
	monkeypatch.setitem(frappe.local.conf, "bench_id", "contract")
	yield
	for queue in QUEUES:
		get_queue(queue).delete(delete_jobs=True)


def position(job: Job) -> int:
	return get_queue(QUEUE).get_job_position(job)


def test_what_is_pushed_names_site_user_method_and_arguments(doctypes, jobs):
	with acting_as(doctypes.alice):
		job = jobs.enqueue("describe", queue=QUEUE, mark="m", number=1)
	assert job.kwargs == {
		"site": frappe.local.site,
		"user": doctypes.alice,
		"method": f"{MODULE}.describe",
		"event": None,
		"job_name": f"{MODULE}.describe",
		"is_async": True,
		"kwargs": {"mark": "m", "number": 1},
	}
	assert job.func_name == "frappe.utils.background_jobs.execute_job"


def test_the_id_is_prefixed_with_the_site(jobs):
	"""With two colons on v15 and with two bars on v16, where a bar also stands for a colon in the id."""
	between, kept = ("||", "contract|1") if since(16) else ("::", "contract:1")
	job = jobs.enqueue("describe", queue=QUEUE, job_id="contract:1", mark="m")
	assert job.id == f"{frappe.local.site}{between}{kept}" == create_job_id("contract:1")
	assert get_job("contract:1").id == job.id


def test_without_an_id_it_gets_one_of_its_own(jobs):
	first, second = (jobs.enqueue("describe", queue=QUEUE, mark="m") for _ in range(2))
	assert first.id != second.id
	assert first.id.startswith(id_in_rq(""))


def test_a_function_can_be_given_instead_of_its_name(jobs):
	job = jobs.keep(frappe.enqueue(contract_jobs.describe, queue=QUEUE, mark="m"))
	assert job.kwargs["method"] == contract_jobs.describe
	assert job.kwargs["job_name"] == f"{MODULE}.describe"


@pytest.mark.parametrize(("queue", "seconds"), [("short", 300), ("default", 300), ("long", 1500)])
def test_queues_have_their_timeouts(jobs, queue, seconds):
	with_default = jobs.enqueue("describe", queue=queue, mark="m")
	with_own = jobs.enqueue("describe", queue=queue, mark="m", timeout=7)
	assert (with_default.timeout, with_own.timeout) == (seconds, 7)


def test_the_default_queue_is_default(jobs):
	assert frappe.enqueue(f"{MODULE}.describe", mark="m").origin == "contract:default"


def test_an_unknown_queue_is_refused():
	with pytest.raises(frappe.ValidationError, match="Queue should be one of"):
		frappe.enqueue(f"{MODULE}.describe", queue="no such queue", mark="m")


def test_the_queues_of_a_bench():
	assert {"short", "default", "long"} <= set(get_queue_list())
	assert get_queue("short").name == "contract:short"


def test_at_front_goes_before_what_waits(jobs):
	jobs.enqueue("describe", queue=QUEUE, mark="m")
	front = jobs.enqueue("describe", queue=QUEUE, mark="m", at_front=True)
	assert position(front) == 0


def test_after_commit_nothing_is_pushed_before_the_commit(jobs):
	assert jobs_after_commit("contract-2") is None
	assert jobs.waiting(QUEUE, "contract-2") == []
	frappe.db.commit()
	assert len(jobs.waiting(QUEUE, "contract-2")) == 1


def jobs_after_commit(job_id: str, **options) -> None:
	return frappe.enqueue(
		f"{MODULE}.describe", queue=QUEUE, job_id=job_id, enqueue_after_commit=True, mark="m", **options
	)


def test_after_a_rollback_nothing_is_pushed(jobs):
	jobs_after_commit("contract-3")
	frappe.db.rollback()
	frappe.db.commit()
	assert jobs.waiting(QUEUE, "contract-3") == []


def test_after_a_rollback_to_a_savepoint_it_is_pushed_all_the_same(jobs):
	frappe.db.savepoint("here")
	jobs_after_commit("contract-4")
	frappe.db.rollback(save_point="here")
	frappe.db.commit()
	assert len(jobs.waiting(QUEUE, "contract-4")) == 1


def test_without_after_commit_it_is_pushed_at_once_and_a_rollback_takes_nothing_back(jobs):
	jobs.enqueue("describe", queue=QUEUE, job_id="contract-5", mark="m")
	frappe.db.rollback()
	assert len(jobs.waiting(QUEUE, "contract-5")) == 1


def test_the_user_is_who_enqueued_not_who_commits(doctypes, jobs):
	with acting_as(doctypes.alice):
		jobs_after_commit("contract-6")
	frappe.db.commit()
	assert jobs.waiting(QUEUE, "contract-6")[0].kwargs["user"] == doctypes.alice


def test_the_same_id_is_pushed_twice(jobs):
	for _ in range(2):
		jobs.enqueue("describe", queue=QUEUE, job_id="contract-7", mark="m")
	assert get_queue(QUEUE).job_ids.count(id_in_rq("contract-7")) == 2


def test_with_deduplicate_a_waiting_id_is_not_pushed_again(jobs):
	jobs.enqueue("describe", queue=QUEUE, job_id="contract-8", mark="m")
	again = frappe.enqueue(f"{MODULE}.describe", queue=QUEUE, job_id="contract-8", deduplicate=True, mark="m")
	assert again is None
	assert get_queue(QUEUE).job_ids.count(id_in_rq("contract-8")) == 1


def test_deduplicate_looks_when_called_not_when_pushed(jobs):
	for _ in range(2):
		jobs_after_commit("contract-9", deduplicate=True)
	frappe.db.commit()
	assert get_queue(QUEUE).job_ids.count(id_in_rq("contract-9")) == 2


def test_deduplicate_needs_an_id():
	with pytest.raises(frappe.ValidationError):
		frappe.enqueue(f"{MODULE}.describe", deduplicate=True, mark="m")


@pytest.mark.parametrize(
	"name",
	[
		*("queue", "timeout", "event", "is_async", "job_name", "now", "enqueue_after_commit"),
		*("on_success", "on_failure", "at_front", "job_id", "deduplicate"),
		*(("at_front_when_starved",) if since(16) else ()),
	],
)
def test_names_of_enqueues_own_arguments_do_not_reach_the_method(jobs, name):
	values = {
		"timeout": 5,
		"queue": QUEUE,
		"on_success": len,
		"on_failure": len,
		"now": False,
		"is_async": True,
	}
	job = frappe.enqueue(
		f"{MODULE}.describe",
		mark="m",
		**{"queue": QUEUE, "job_id": "contract-10", name: values.get(name, "")},
	)
	frappe.db.commit()
	if job:
		jobs.keep(job)
		assert job.kwargs["kwargs"] == {"mark": "m"}
	else:
		assert jobs.waiting(QUEUE, "contract-10")[0].kwargs["kwargs"] == {"mark": "m"}


def test_method_cannot_be_an_argument_of_the_method():
	with pytest.raises(TypeError):
		frappe.enqueue(f"{MODULE}.describe", **{"method": "again"}, mark="m")


def test_now_calls_the_method_here_and_gives_its_result():
	assert frappe.enqueue(f"{MODULE}.key_of", now=True, mark="m") == "contract:m"


def test_results_and_failures_are_kept_for_a_while(jobs):
	job = jobs.enqueue("describe", queue=QUEUE, mark="m")
	assert job.result_ttl > 0
	assert job.failure_ttl > 0


def test_a_failure_callback_replaces_frappes_own(jobs):
	plain = jobs.enqueue("describe", queue=QUEUE, mark="m")
	own = jobs.enqueue("describe", queue=QUEUE, mark="m", on_failure=contract_jobs.when_failed)
	assert plain.failure_callback.__name__ == "truncate_failed_registry"
	assert own.failure_callback == contract_jobs.when_failed
	assert plain.success_callback is None


def test_is_job_enqueued_knows_what_waits(jobs):
	jobs.enqueue("describe", queue=QUEUE, job_id="contract-11", mark="m")
	assert is_job_enqueued("contract-11")
	assert not is_job_enqueued("contract-none")
	assert get_job("contract-none") is None


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_waiting_job_can_be_taken_off_its_queue(jobs, how):
	job = jobs.enqueue("describe", queue=QUEUE, mark="m")
	getattr(job, how)()
	assert job.id not in get_queue(QUEUE).job_ids
	if how == "delete":
		with pytest.raises(NoSuchJobError):
			Job.fetch(job.id, connection=get_redis_conn())


def test_enqueue_doc_calls_a_method_of_a_document(jobs):
	group("North")
	job = jobs.keep(frappe.enqueue_doc("Contract Group", "North", "get_title", queue=QUEUE, timeout=9))
	assert job.timeout == 9
	assert job.kwargs["method"] == "frappe.utils.background_jobs.run_doc_method"
	assert job.kwargs["kwargs"] == {
		"doctype": "Contract Group",
		"name": "North",
		"doc_method": "get_title",
	}

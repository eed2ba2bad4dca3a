"""get_metrics and what it is summed up from, against what the database has."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from math import ceil

import frappe
import pytest
from explain import plan_of, recorded_queries
from factories import (
	OBLIGING,
	World,
	acting_as,
	end,
	make_job_type,
	make_member,
	second_connection,
	submit,
	submit_as,
)
from frappe.utils import now_datetime
from many_jobs import add_completed, remove_completed

from dartwing.dartwing_core.background_jobs import get_metrics, retry_job, submit_job
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.insight.diagnosis import examine
from dartwing.dartwing_core.background_jobs.insight.exposition import exposition
from dartwing.dartwing_core.background_jobs.insight.figures import get_failure_rate, percentile
from dartwing.dartwing_core.background_jobs.statuses import FINISHED, STATUSES
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs
from dartwing.dartwing_core.doctype.job_tally import job_tally
from dartwing.dartwing_core.doctype.job_tally.arithmetic import BOUNDS, TOTAL
from dartwing.dartwing_core.doctype.job_tally.job_tally import sums


def ran(seconds: float, job_type: str = OBLIGING) -> str:
	"""A job of Alpha that was completed after running for so long."""
	job = submit_as(World.alice, job_type, World.alpha, {"mode": "succeed"})
	job.reload()
	job.transition_to("Running", started_at=now_datetime() - timedelta(seconds=seconds))
	job.transition_to("Completed")
	frappe.db.commit()
	return job.name


def metrics(organization: str | None = World.alpha, user: str = World.alice) -> dict:
	frappe.db.rollback()
	with acting_as(user):
		return get_metrics(organization)


def counted_in_the_table(organization: str) -> dict[str, int]:
	statuses = frappe.get_all("Background Job", {"organization": organization}, pluck="status")
	return {status: Counter(statuses)[status] for status in STATUSES}


def assert_counts(organization: str = World.alpha) -> None:
	assert metrics(organization, World.manager)["job_count_by_status"] == counted_in_the_table(organization)


def assert_finished_jobs(world: World) -> None:
	wanted = [
		(organizations, status, job_type)
		for organizations in ([world.alpha], [world.alpha, world.beta], [])
		for status in (None, *FINISHED)
		for job_type in (None, OBLIGING, "echo_job")
	]
	for organizations, status, job_type in wanted:
		filters = {
			"organization": ("in", organizations or [""]),
			"status": ("in", [status] if status else FINISHED),
		}
		filters.update({"job_type": job_type} if job_type else {})
		found = job_tally.finished_jobs(organizations, status, job_type)
		assert found == frappe.db.count("Background Job", filters), (organizations, status, job_type)
	assert job_tally.finished_jobs() == frappe.db.count("Background Job", {"status": ("in", FINISHED)})


@pytest.fixture
def some_of_each(world):
	"""Jobs of every status, and what the table says of them."""
	for status in ("Running", "Completed", "Completed", "Failed", "Timed Out", "Dead Letter", "Canceled"):
		end(submit().name, status)
	submit()
	submit_as(world.alice, OBLIGING, world.alpha, {}, scheduled_at="2099-01-01T00:00:00Z", priority="Low")
	submit_as(world.alice, OBLIGING, world.alpha, {}, priority="Critical")
	return counted_in_the_table(world.alpha)


@pytest.mark.parametrize("when", ["before they are counted", "after they were counted"])
def test_counts_are_those_of_the_table(world, some_of_each, when):
	if when == "after they were counted":
		job_tally.count_new()
	assert all(some_of_each.values())
	answer = metrics()
	assert answer["job_count_by_status"] == some_of_each
	assert answer["queue_depth_by_priority"] == {"Low": 1, "Normal": 1, "High": 0, "Critical": 1}


def test_ended_jobs_are_counted_by_organization_status_and_type(world, some_of_each):
	end(submit(world.bob, world.beta).name, "Completed")
	end(submit_as(world.alice, "echo_job", world.alpha, {}).name, "Completed")
	assert_finished_jobs(world)
	job_tally.count_new()
	assert_finished_jobs(world)
	job_tally.recount()
	assert_finished_jobs(world)
	frappe.delete_doc(
		"Background Job", frappe.get_all("Background Job", {"job_type": "echo_job"}, pluck="name")[0]
	)
	assert_finished_jobs(world)


def test_counting_takes_nothing_twice(world, some_of_each):
	job_tally.count_new()
	before = metrics()
	assert job_tally.count_new() == 0
	after = metrics()
	for volatile in ("timestamp", "oldest_waiting_seconds"):
		before.pop(volatile), after.pop(volatile)
	assert after == before


def test_a_dead_letter_that_is_retried_is_none_any_more(world):
	job = submit()
	end(job.name, "Dead Letter")
	job_tally.count_new()
	assert metrics()["job_count_by_status"]["Dead Letter"] == 1
	with acting_as(world.adam):
		retry_job(job.name)
		frappe.db.commit()
	assert metrics()["job_count_by_status"]["Dead Letter"] == 0
	end(job.name, "Completed")
	assert_counts()
	job_tally.count_new()
	assert_counts()


@pytest.mark.parametrize("is_counted", [True, False])
def test_deleted_jobs_are_no_longer_there_but_were(world, is_counted):
	names = [ran(1) for _ in range(3)]
	if is_counted:
		job_tally.count_new()
	before = total("Completed")
	frappe.delete_doc("Background Job", names[0])
	frappe.db.commit()
	assert_counts()
	ended = now_datetime() - timedelta(days=40)
	for name in names[1:]:
		frappe.db.set_value("Background Job", name, "modified", ended, update_modified=False)
	frappe.db.commit()
	assert delete_old_jobs(30) == 2
	assert_counts()
	assert metrics()["job_count_by_status"]["Completed"] == 0
	assert total("Completed") == before
	assert metrics()["processing_time"]["average_seconds"] == pytest.approx(1, abs=0.2)


def total(event: str, organization: str = World.alpha) -> int:
	frappe.db.rollback()
	found = sums(TOTAL, [organization], job_tally.uncounted_events([organization]))
	return sum(jobs for key, (jobs, _seconds) in found.items() if key.event == event)


def test_what_is_rolled_back_is_not_counted(world):
	with acting_as(world.alice):
		job = submit()
		frappe.db.savepoint("here")
		job.reload()
		job.transition_to("Canceled")
		frappe.db.rollback(save_point="here")
	frappe.db.rollback()
	job_tally.count_new()
	assert metrics()["job_count_by_status"]["Canceled"] == 0
	assert_counts()


def test_a_transaction_that_commits_late_is_counted(world):
	"""Its rows are older than others that were counted before it."""
	with acting_as(world.alice):
		submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
	with second_connection():
		submit()
		assert job_tally.count_new() == 1
	frappe.db.commit()
	assert total("Pending") == 2
	assert job_tally.count_new() == 1
	assert total("Pending") == 2


def test_two_who_count_at_once_count_once(world):
	submit()
	names = job_tally._uncounted_names()
	with second_connection():
		assert job_tally.count_new() == 1
	assert not job_tally._mark(names)
	frappe.db.rollback()
	assert total("Pending") == 1


def test_more_uncounted_rows_than_one_reader_adds_up_are_left_to_the_tick(world, monkeypatch):
	job_tally.count_new()
	for _ in range(3):
		submit()
	monkeypatch.setattr(job_tally, "MAX_UNCOUNTED", 2)
	assert total("Pending") == 2
	job_tally.count_new()
	assert total("Pending") == 3


def test_what_was_done_behind_the_engines_back_is_put_right_by_a_recount(world, some_of_each):
	job_tally.count_new()
	frappe.db.delete("Background Job", {"organization": world.alpha, "status": "Completed"})
	end(submit().name, "Completed")
	frappe.db.commit()
	assert metrics()["job_count_by_status"]["Completed"] == some_of_each["Completed"] + 1
	job_tally.recount()
	assert_counts()
	job_tally.count_new()
	assert_counts()


def test_processing_times_are_those_of_the_jobs(world):
	make_job_type("another_job")
	seconds = [0.012, 0.2, 0.5, 1.3, 2, 2.1, 3, 4, 5, 60]
	for duration in seconds:
		ran(duration)
	ran(3600, "another_job")
	for _counted in range(2):
		answer = metrics()
		of_type = answer["processing_time_by_type"]
		assert list(of_type) == ["another_job", OBLIGING]
		assert of_type[OBLIGING]["average_seconds"] == pytest.approx(sum(seconds) / len(seconds), abs=0.1)
		assert of_type[OBLIGING]["p95_seconds"] == pytest.approx(60, rel=0.12)
		assert of_type["another_job"]["p95_seconds"] == pytest.approx(3600, rel=0.12)
		assert answer["processing_time"]["average_seconds"] == pytest.approx(
			(sum(seconds) + 3600) / 11, abs=0.1
		)
		job_tally.count_new()


def test_hours_out_of_the_window_are_left_out_and_old_ones_deleted(world):
	ran(5)
	end(submit().name, "Dead Letter")
	job_tally.count_new()
	assert metrics()["failure_rate_by_type"] == {OBLIGING: 0.5}
	hours = {"granularity": "Hour", "organization": world.alpha}
	for days, remaining in ((1, 3), (8, 0)):
		frappe.db.sql(
			"update `tabJob Tally` set period = %s where granularity = 'Hour' and organization = %s",
			(now_datetime() - timedelta(days=days), world.alpha),
		)
		frappe.db.commit()
		job_tally.count_new()
		answer = metrics()
		assert answer["failure_rate_by_type"] == {}
		assert answer["processing_time"] == {"average_seconds": None, "p95_seconds": None}
		assert answer["job_count_by_status"]["Completed"] == 1
		assert frappe.db.count("Job Tally", hours) == remaining


@pytest.mark.parametrize("values", [[0.0], [0.5], [1.0] * 99 + [50.0], [0.01 * n for n in range(1, 300)]])
def test_a_percentile_is_right_to_12_percent(values):
	buckets = Counter(sum(1 for bound in BOUNDS if bound <= value) for value in values)
	exact = sorted(values)[ceil(0.95 * len(values)) - 1]
	assert percentile(buckets, 0.95) == pytest.approx(exact, rel=0.12, abs=0.001)


def test_a_percentile_beyond_the_last_bound_is_the_last_bound():
	assert percentile(Counter({len(BOUNDS): 3}), 0.95) == BOUNDS[-1]


def test_the_oldest_waiting_job_could_run(world):
	assert metrics()["oldest_waiting_seconds"] == 0
	submit_as(world.alice, OBLIGING, world.alpha, {}, scheduled_at="2099-01-01T00:00:00Z")
	assert metrics()["oldest_waiting_seconds"] == 0
	queued = submit().name
	ago = now_datetime() - timedelta(minutes=3)
	frappe.db.set_value("Background Job", queued, "queued_at", ago, update_modified=False)
	assert metrics_without_rollback()["oldest_waiting_seconds"] == pytest.approx(180, abs=5)
	failed = submit().name
	end(failed, "Failed")
	frappe.db.set_value("Background Job", failed, "ready_at", times.utc_now() - timedelta(minutes=9))
	assert metrics_without_rollback()["oldest_waiting_seconds"] == pytest.approx(540, abs=5)


def metrics_without_rollback() -> dict:
	frappe.db.commit()
	return metrics()


def test_throughput_is_of_the_last_five_minutes(world):
	names = [ran(1) for _ in range(10)]
	assert metrics()["throughput_per_minute"] == 2
	frappe.db.set_value(
		"Background Job", names[0], "modified", now_datetime() - timedelta(minutes=6), update_modified=False
	)
	frappe.db.commit()
	assert metrics()["throughput_per_minute"] == 1.8


def test_a_member_of_two_organizations_gets_both_and_a_manager_all(world):
	end(submit().name, "Completed")
	end(submit(world.bob, world.beta).name, "Completed")
	assert metrics(None)["job_count_by_status"]["Completed"] == 1
	site = metrics(None, world.manager)["job_count_by_status"]["Completed"]
	assert site == frappe.db.count("Background Job", {"status": "Completed"})
	make_member(world.alice, world.beta)
	frappe.db.commit()
	try:
		assert metrics(None)["job_count_by_status"]["Completed"] == 2
	finally:
		frappe.db.delete("Org Member", {"organization": world.beta, "person": person_of(world.alice)})
		frappe.db.commit()
	with pytest.raises(frappe.PermissionError):
		metrics(world.beta)


@pytest.mark.parametrize("is_counted", [True, False])
def test_who_belongs_to_no_organization_sees_figures_of_none(world, is_counted):
	ran(1)
	end(submit().name, "Dead Letter")
	submit()
	if is_counted:
		job_tally.count_new()
	answer = metrics(None, world.nobody)
	assert not any(answer["job_count_by_status"].values())
	assert not any(answer["queue_depth_by_priority"].values())
	assert answer["processing_time_by_type"] == answer["failure_rate_by_type"] == {}
	assert answer["throughput_per_minute"] == answer["oldest_waiting_seconds"] == 0
	with acting_as(world.nobody):
		assert get_failure_rate() is None


def person_of(user: str) -> str:
	return frappe.db.get_value("Person", {"frappe_user": user})


@pytest.fixture
def after_many(world) -> Iterator[None]:
	"""Twenty thousand jobs have ended, and one waits."""
	add_completed(world.alpha, OBLIGING, 20_000)
	submit()
	yield
	remove_completed()


@pytest.mark.usefixtures("after_many")
def test_what_operators_look_at_reads_nothing_that_has_ended():
	for look in (exposition, examine, job_tally.count_new, job_tally.finished_jobs):
		with recorded_queries() as queries:
			look()
		assert_planned(queries)


def assert_planned(queries: list[str]) -> None:
	on_big_tables = [query for query in queries if "Background Job" in query or "Execution Log" in query]
	assert on_big_tables
	for query in on_big_tables:
		for step in plan_of(query):
			assert step["type"] in ("range", "ref", "const", "index"), (query, step)
			assert int(step["rows"] or 0) < 1000, (query, step)


@pytest.mark.usefixtures("after_many")
def test_metrics_read_nothing_that_has_ended(world):
	"""Their cost is that of what waits, of the last minutes, and of a day's hours."""
	for user, organization in ((world.manager, None), (world.alice, None), (world.alice, world.alpha)):
		with acting_as(user), recorded_queries() as queries:
			get_metrics(organization)
		assert_planned(queries)

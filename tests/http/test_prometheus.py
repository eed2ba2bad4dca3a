"""The exposition that Prometheus scrapes: well-formed, of all figures, never falling, for operators only."""

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import frappe
import promql_parser
import pytest
import yaml
from factories import OBLIGING, World, changed, end, make_user, remove_user, submit, submit_as
from grouped import submit_group
from http_client import Client, Web
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from dartwing.dartwing_core.background_jobs.clock import signs
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.statuses import FINISHED
from dartwing.dartwing_core.doctype.background_job.deletion import delete_old_jobs
from dartwing.dartwing_core.doctype.job_tally import job_tally

METHOD = "dartwing.dartwing_core.api.prometheus.get_exposition"
READER = "reader@example.com"
FAMILIES = {
	"jobs_submitted": "counter",
	"jobs_finished": "counter",
	"job_duration_seconds": "histogram",
	"job_queue_seconds": "histogram",
	"queue_demand": "gauge",
	"queue_oldest_seconds": "gauge",
	"jobs_waiting": "gauge",
	"jobs_running": "gauge",
	"jobs_waiting_for_retry": "gauge",
	"dead_letters": "gauge",
	"job_groups": "gauge",
	"job_clocks": "gauge",
	"oldest_waiting_seconds": "gauge",
}
# those that say nothing of jobs, and their labels
OF_THE_SITE: dict[str, set[str]] = {
	"job_groups": {"status"},
	"job_clocks": set(),
	"queue_demand": {"queue"},
	"queue_oldest_seconds": {"queue"},
}
OURS = {"queue": "default", "job_type": OBLIGING}


@pytest.fixture(scope="module")
def reader(web: Web, world: World) -> Iterator[Client]:
	"""Prometheus: an API key of a user with nothing but the role."""
	# left by a run that was killed
	remove_user(READER)
	make_user(READER, ["Job Metrics Reader"])
	frappe.db.commit()
	yield web.with_key(READER)
	frappe.db.rollback()
	remove_user(READER)
	frappe.db.commit()


def scrape(client: Client) -> dict[str, Metric]:
	answer = client.get(f"/api/method/{METHOD}", headers={"Accept": "*/*"})
	assert answer.status_code == 200, answer.text
	assert answer.headers["Content-Type"].startswith("text/plain; version=")
	check_as_promtool_does(answer.text)
	return {family.name: family for family in text_string_to_metric_families(answer.text)}


def check_as_promtool_does(text: str) -> None:
	lines = text.splitlines()
	assert text.endswith("\n")
	for kind in ("HELP", "TYPE"):
		names = [line.split()[2] for line in lines if line.startswith(f"# {kind} ")]
		assert len(names) == len(set(names)) == len(FAMILIES)
	series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
	assert len(series) == len(set(series))
	# all samples of a family stand together, after its HELP and TYPE
	for family in text_string_to_metric_families(text):
		assert family.documentation
		for sample in family.samples:
			assert not math.isnan(sample.value)
			assert sample.value >= 0


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
	"""Of the series with these labels, added up."""
	return sum(
		sample.value
		for family in families.values()
		for sample in family.samples
		if sample.name == name and labels.items() <= sample.labels.items()
	)


def test_it_has_the_families_and_labels_that_are_promised(reader):
	end(submit().name, "Completed")
	families = scrape(reader)
	assert {name: family.type for name, family in families.items()} == FAMILIES
	more = {"jobs_finished": {"status"}, "jobs_waiting": {"priority"}}
	for name, family in families.items():
		for sample in family.samples:
			labels = OF_THE_SITE.get(name, {"queue", "job_type"} | more.get(name, set()))
			assert set(sample.labels) - {"le"} == labels


def test_it_counts_the_clocks_that_tick(reader):
	before = value(scrape(reader), "job_clocks")
	with patch("os.getpid", return_value=1):
		sign = signs.signer()
	sign(times.utc_now())
	assert value(scrape(reader), "job_clocks") == before + 1
	sign(times.utc_now() - timedelta(hours=1))
	assert value(scrape(reader), "job_clocks") == before


def test_it_counts_the_groups_that_go_on(reader, world):
	before = value(scrape(reader), "job_groups", status="Running")
	_group, (member,), _on_end = submit_group(1)
	assert value(scrape(reader), "job_groups", status="Running") == before + 1
	end(member, "Completed")
	assert value(scrape(reader), "job_groups", status="Running") == before


@pytest.mark.parametrize("is_counted", [False, True])
def test_it_says_what_happened_and_what_is_there(reader, world, is_counted):
	before = scrape(reader)
	for status in ("Completed", "Completed", "Dead Letter", "Canceled", "Failed", "Running"):
		end(submit().name, status)
	submit()
	submit_as(world.alice, OBLIGING, world.alpha, {}, priority="Critical")
	if is_counted:
		job_tally.count_new()
	after = scrape(reader)

	def change(name: str, **labels: str) -> float:
		return value(after, name, **labels) - value(before, name, **labels)

	assert change("jobs_submitted_total", job_type=OBLIGING) == 8
	assert change("jobs_submitted_total", job_type=OBLIGING, queue="short") == 1
	finished = {status: change("jobs_finished_total", status=status, **OURS) for status in FINISHED}
	assert finished == {"Completed": 2, "Canceled": 1, "Dead Letter": 1}
	assert change("job_duration_seconds_count", **OURS) == 2
	assert change("job_duration_seconds_bucket", le="+Inf", **OURS) == 2
	assert value(after, "jobs_waiting", priority="Normal", **OURS) == 1
	assert value(after, "jobs_waiting", priority="Critical", job_type=OBLIGING, queue="short") == 1
	assert value(after, "jobs_running", **OURS) == 1
	assert value(after, "jobs_waiting_for_retry", **OURS) == 1
	assert value(after, "dead_letters", **OURS) == 1
	assert value(after, "oldest_waiting_seconds", **OURS) > 0
	assert change("job_queue_seconds_count", **OURS) == 5
	assert change("job_queue_seconds_bucket", le="+Inf", **OURS) == 5
	assert {queue: change("queue_demand", queue=queue) for queue in ("short", "default")} == {
		"short": 1,
		"default": 2,
	}
	assert value(after, "queue_oldest_seconds", queue="short") > 0


def test_no_worker_is_wanted_for_what_is_paused(reader, world):
	submit()
	end(submit().name, "Running")
	before = value(scrape(reader), "queue_demand", queue="default")
	with changed("Job Engine Settings", "Job Engine Settings", pause_default=1):
		families = scrape(reader)
		assert value(families, "queue_demand", queue="default") == before - 1
		assert value(families, "queue_oldest_seconds", queue="default") == 0


def test_buckets_add_up(reader):
	end(submit().name, "Completed")
	families = scrape(reader)
	by_series: dict[tuple, list[tuple[float, float]]] = {}
	for sample in families["job_duration_seconds"].samples:
		if sample.name.endswith("_bucket"):
			labels = dict(sample.labels)
			bound = float(labels.pop("le"))
			by_series.setdefault(tuple(labels.items()), []).append((bound, sample.value))
	assert by_series
	for labels, buckets in by_series.items():
		assert [bound for bound, _jobs in buckets] == sorted(bound for bound, _jobs in buckets)
		assert buckets[-1][0] == math.inf
		jobs = [count for _bound, count in buckets]
		assert jobs == sorted(jobs)
		assert jobs[-1] == value(families, "job_duration_seconds_count", **dict(labels))


def counters(families: dict[str, Metric]) -> dict[tuple, float]:
	return {
		(sample.name, *sorted(sample.labels.items())): sample.value
		for family in families.values()
		if family.type in ("counter", "histogram")
		for sample in family.samples
	}


def test_counters_never_fall(reader, world):
	job = submit()
	steps = [
		submit,
		lambda: end(job.name, "Completed"),
		job_tally.count_new,
		lambda: frappe.delete_doc("Background Job", job.name),
		age_and_delete_all,
		job_tally.recount,
		world.clear,
	]
	before = counters(scrape(reader))
	for step in steps:
		step()
		frappe.db.commit()
		now = counters(scrape(reader))
		fallen = {key: (then, now.get(key)) for key, then in before.items() if now.get(key, 0) < then}
		assert not fallen
		before = now


def test_a_sum_is_the_same_however_it_was_added_up(reader):
	"""A counter that falls by a rounding error was reset, for Prometheus."""
	sums = []
	for tenths in range(1, 8):
		end(submit().name, "Completed")
		frappe.db.sql(
			"update `tabJob Execution Log` set seconds = %s where uncounted = 1 and to_status = 'Completed'",
			(tenths / 10,),
		)
		frappe.db.commit()
		sums.append(value(scrape(reader), "job_duration_seconds_sum", **OURS))
		job_tally.count_new()
		sums.append(value(scrape(reader), "job_duration_seconds_sum", **OURS))
	assert sums == sorted(sums) == [round(seconds, 6) for seconds in sums]


def age_and_delete_all() -> None:
	end(submit().name, "Completed")
	job_tally.count_new()
	frappe.db.sql(
		"update `tabBackground Job` set modified = modified - interval 99 day where organization = %s",
		(World.alpha,),
	)
	frappe.db.commit()
	assert delete_old_jobs(30)


def test_the_organization_is_a_label_only_where_that_is_wanted(reader, world):
	end(submit().name, "Completed")
	end(submit(world.bob, world.beta).name, "Dead Letter")
	settings = frappe.get_doc("Job Engine Settings")
	try:
		settings.metrics_by_organization = 1
		settings.save()
		frappe.db.commit()
		families = scrape(reader)
	finally:
		settings.reload()
		settings.metrics_by_organization = 0
		settings.save()
		frappe.db.commit()
	of_jobs = [family for name, family in families.items() if name not in OF_THE_SITE]
	assert all("organization" in sample.labels for family in of_jobs for sample in family.samples)
	assert value(families, "jobs_submitted_total", organization=world.alpha) == 1
	assert value(families, "dead_letters", organization=world.beta) == 1
	assert value(families, "dead_letters", organization=world.alpha) == 0
	assert not any("organization" in sample.labels for sample in scrape(reader)["dead_letters"].samples)


def test_only_operators_may_read_it(reader, guest, alice, adam, manager):
	assert [client.get(f"/api/method/{METHOD}").status_code for client in (guest, alice, adam)] == [403] * 3
	assert manager.get(f"/api/method/{METHOD}").status_code == 200
	assert reader.post(f"/api/method/{METHOD}").status_code == 403
	frappe.db.set_value("User", READER, "enabled", 0)
	frappe.db.commit()
	frappe.clear_cache(user=READER)
	try:
		assert reader.get(f"/api/method/{METHOD}").status_code in (401, 403)
	finally:
		frappe.db.set_value("User", READER, "enabled", 1)
		frappe.db.commit()
		frappe.clear_cache(user=READER)


def test_the_reader_sees_no_jobs(reader):
	job = submit().name
	answer = reader.get("/api/method/dartwing.dartwing_core.api.jobs.get_job_status", params={"job_id": job})
	assert answer.status_code == 404
	assert reader.get(f"/api/resource/Background Job/{job}").status_code in (403, 404)
	assert reader.get("/api/resource/Job Tally").status_code == 403


# --- what docs/monitoring asks Prometheus

MONITORING = Path(__file__).parents[2] / "docs/monitoring"
ALERTS = yaml.safe_load((MONITORING / "prometheus-alerts.yml").read_text())
SCALED = list(yaml.safe_load_all((MONITORING / "keda-workers.yml").read_text()))
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text())
# what Grafana puts in before it asks
GRAFANA = {"$__rate_interval": "5m", "$queue": ".*", "$job_type": ".*"}


def alerts() -> list[dict[str, Any]]:
	return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def questions() -> list[str]:
	panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
	for variable, text in GRAFANA.items():
		panels = [expression.replace(variable, text) for expression in panels]
	scaled = [trigger["metadata"]["query"] for one in SCALED for trigger in one["spec"]["triggers"]]
	return [*(rule["expr"] for rule in alerts()), *panels, *scaled]


def selectors(node: Any) -> Iterator[Any]:
	"""The series that a parsed question asks for."""
	if isinstance(node, promql_parser.VectorSelector):
		yield node
	for part in ("lhs", "rhs", "expr", "args", "vector_selector"):
		below = getattr(node, part, None)
		for one in below if isinstance(below, list) else [below]:
			if one is not None:
				yield from selectors(one)


@pytest.mark.parametrize("question", questions())
def test_dashboard_and_alerts_ask_for_what_there_is(reader, question):
	end(submit().name, "Completed")
	series: dict[str, set[str]] = {"up": {"job", "instance"}}
	for family in scrape(reader).values():
		for sample in family.samples:
			series.setdefault(sample.name, set()).update(sample.labels)
	asked = list(selectors(promql_parser.parse(question)))
	assert asked
	for selector in asked:
		assert selector.name in series
		assert {matcher.name for matcher in selector.matchers.matchers} <= series[selector.name]


def test_alerts_and_panels_say_what_they_are_about():
	names = [rule["alert"] for rule in alerts()]
	assert len(set(names)) == len(names)
	for rule in alerts():
		assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
		assert rule["annotations"]["summary"]
		assert rule["labels"]["severity"] in ("info", "warning", "critical")
	assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
	assert all(panel["title"] and panel["gridPos"]["w"] for panel in DASHBOARD["panels"])


def test_the_scrape_configuration_names_the_endpoint():
	(job,) = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]
	assert job["metrics_path"] == f"/api/method/{METHOD}"
	assert job["authorization"]["type"] == "token"

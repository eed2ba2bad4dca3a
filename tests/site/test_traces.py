"""Traces: from a request to its jobs, their attempts and further jobs, where OpenTelemetry is installed."""

from types import SimpleNamespace

import frappe
import pytest
from factories import OBLIGING, acting_as, counted_statements, submit
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dartwing.dartwing_core.background_jobs import submit_job
from dartwing.dartwing_core.background_jobs.announcing import traces

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture
def exported(monkeypatch) -> InMemorySpanExporter:
	"""What a site exports that has said to OpenTelemetry where to."""
	exporter = InMemorySpanExporter()
	provider = TracerProvider()
	provider.add_span_processor(SimpleSpanProcessor(exporter))
	monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
	monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
	return exporter


def kept(job_id: str) -> str | None:
	return frappe.db.get_value("Background Job", job_id, "traceparent")


def test_a_job_is_of_the_trace_in_which_it_was_submitted_and_so_is_its_child(world, dartwing_jobs, exported):
	with trace.get_tracer("tests").start_as_current_span("request") as request:
		submit(mode="fan_out", count=1, marker="written by a test", api_key="topsecret")
	dartwing_jobs.drain()
	spans = {span.attributes.get("messaging.message.id"): span for span in exported.get_finished_spans()}
	of_trace = request.get_span_context().trace_id
	assert {span.context.trace_id for span in spans.values()} == {of_trace}
	parent, *children = (spans[job.name] for job in dartwing_jobs.submitted())
	assert parent.parent.span_id == request.get_span_context().span_id
	assert {child.parent.span_id for child in children} == {parent.context.span_id}
	assert parent.name == f"process {OBLIGING}"
	assert parent.attributes["job.outcome"] == "Completed"
	assert parent.attributes["messaging.destination.name"] == "default"
	told = str([(span.attributes, span.events, span.status.description) for span in spans.values()])
	assert not [word for word in ("topsecret", world.alpha, world.alice) if word in told]


def test_each_attempt_has_a_span_that_says_how_it_ended(world, dartwing_jobs, exported):
	submit(mode="raise_unknown")
	dartwing_jobs.drain(until=100)
	spans = exported.get_finished_spans()
	assert [span.attributes["job.attempt"] for span in spans] == [1, 2]
	assert {span.status.status_code for span in spans} == {trace.StatusCode.ERROR}
	assert not any(span.events for span in spans), "no words of errors"


@pytest.mark.parametrize(
	("header", "stored"),
	[
		(SENT, SENT),
		("", None),
		("00-zz-b7ad6b7169203331-01", None),
		("00-" + "0" * 32 + "-b7ad6b7169203331-01", None),
		("<script>" + "x" * 500, None),
	],
)
def test_what_a_request_says_is_kept_if_it_is_a_trace(world, dartwing_jobs, monkeypatch, header, stored):
	request = SimpleNamespace(headers={"traceparent": header}, path="/", method="POST")
	monkeypatch.setattr(frappe.local, "request", request, raising=False)
	with acting_as(world.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"})
	assert kept(job.name) == stored


def test_a_job_of_no_trace_begins_one(world, dartwing_jobs, exported):
	job = submit()
	assert kept(job.name) is None
	dartwing_jobs.drain()
	(span,) = exported.get_finished_spans()
	assert span.parent is None


def test_without_opentelemetry_nothing_is_kept_and_nothing_costs_more(world, dartwing_jobs, monkeypatch):
	monkeypatch.setattr(traces, "trace", None)
	with counted_statements() as statements:
		job = submit()
	assert not [one for one in statements if "traceparent" in one]
	assert dartwing_jobs.drain()[0].status == "Completed"
	assert kept(job.name) is None


def test_an_exporter_that_fails_fails_no_job(world, dartwing_jobs, exported, monkeypatch):
	def fail(*_arguments, **_named):
		raise RuntimeError("the exporter is gone")

	monkeypatch.setattr(exported, "export", fail)
	submit()
	assert dartwing_jobs.drain()[0].status == "Completed"

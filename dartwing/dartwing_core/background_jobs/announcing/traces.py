"""Traces, where OpenTelemetry is installed: from a request to its jobs, to their attempts, to further jobs.

A job keeps the W3C `traceparent` of what submitted it. Each attempt is a span below that, and what the
handler submits or calls is below the attempt. Who exports spans, and where to, is said to OpenTelemetry as
for any program. A span says nothing of parameters, organizations, people and words of errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs.texts import class_name_of

try:
	trace: Any = import_module("opentelemetry.trace")
	W3C: Any = import_module("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
except ImportError:
	trace = W3C = None

HEADER = "traceparent"
# seconds that a process may take to hand over its spans before it ends
FLUSH_SECONDS = 5


class Outcome:
	"""How an attempt ended, as its span is to say: `note` takes any outcome of `execution`."""

	def __init__(self, span: Any = None) -> None:
		self._span = span

	def note(self, outcome: Any) -> None:
		if self._span is None:
			return
		kind = type(outcome).__name__
		self._span.set_attribute("job.outcome", kind)
		error = getattr(outcome, "error", None)
		if error is not None:
			self._span.set_attribute("error.type", class_name_of(error))
		if kind not in ("Completed", "Snoozed", "Abandoned"):
			self._span.set_status(trace.StatusCode.ERROR)


def traceparent() -> str | None:
	"""Of the span that is open here, or else of the request; None where neither is known."""
	if trace is None:
		return None
	carrier: dict[str, str] = {}
	W3C.inject(carrier)
	if not carrier and getattr(frappe.local, "request", None):
		# nobody has begun a span for the request: what it says is read, and written anew
		sent = {HEADER: frappe.local.request.headers.get(HEADER, "")}
		W3C.inject(carrier, W3C.extract(sent))
	return carrier.get(HEADER)


@contextmanager
def attempt_of(job: Any, queue: str) -> Iterator[Outcome]:
	"""The span of an attempt of the job; nothing where OpenTelemetry is not installed."""
	if trace is None:
		yield Outcome()
		return
	attributes = {
		"messaging.system": "dartwing",
		"messaging.operation.type": "process",
		"messaging.destination.name": queue,
		"messaging.message.id": job.name,
		"job.type": job.job_type,
		"job.attempt": job.attempt_count,
	}
	parent = W3C.extract({HEADER: job.traceparent or ""})
	tracer = trace.get_tracer("dartwing")
	with tracer.start_as_current_span(
		f"process {job.job_type}", parent, trace.SpanKind.CONSUMER, attributes, record_exception=False
	) as span:
		yield Outcome(span)


def flush() -> None:
	"""Hand over the spans of this process: a horse ends without a word to whoever keeps them."""
	if trace is None:
		return
	force = getattr(trace.get_tracer_provider(), "force_flush", None)
	try:
		if force:
			force(FLUSH_SECONDS * 1000)
	except Exception:
		frappe.logger("dartwing").exception("spans could not be handed over")

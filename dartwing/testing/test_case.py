"""The test kit for classes of unittest: FrappeTestCase of v15, IntegrationTestCase of v16."""

from typing import Any

from dartwing.testing.handlers import HandlerRun, run_handler
from dartwing.testing.jobs import JobKit


class DartwingTestCase:
	"""A mixin: `class TestFaxes(DartwingTestCase, FrappeTestCase)`. Each test has a `JobKit`: `self.jobs`."""

	jobs: JobKit

	def setUp(self) -> None:
		super().setUp()  # type: ignore[misc]
		self.jobs = JobKit()
		self.jobs.__enter__()
		self.addCleanup(self.jobs.__exit__)  # type: ignore[attr-defined]

	def run_handler(self, *arguments: Any, **named: Any) -> HandlerRun:
		return run_handler(*arguments, **named)

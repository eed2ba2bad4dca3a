"""The test kit: what other apps, and this one, test handlers and submissions with.

`run_handler` runs one handler in the test's transaction. `JobKit` knows what a test has submitted, runs it in
this process, moves the engine's clock, and takes all of it away again. pytest has it as the fixture
`dartwing_jobs`, a `FrappeTestCase` or `IntegrationTestCase` with the mixin `DartwingTestCase`.

docs/how-to/test-a-handler.md shows all of it. Nothing of the engine imports this package.
"""

from dartwing.dartwing_core.background_jobs.execution.attempt import acting_as
from dartwing.dartwing_core.background_jobs.execution.parents import Parent
from dartwing.testing.handlers import HandlerRun, run_handler
from dartwing.testing.jobs import FOREVER, JobKit
from dartwing.testing.records import make_job_type, make_member, make_organization, make_user
from dartwing.testing.test_case import DartwingTestCase

__all__ = [
	"FOREVER",
	"DartwingTestCase",
	"HandlerRun",
	"JobKit",
	"Parent",
	"acting_as",
	"make_job_type",
	"make_member",
	"make_organization",
	"make_user",
	"run_handler",
]

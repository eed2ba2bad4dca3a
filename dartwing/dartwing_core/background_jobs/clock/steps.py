"""What a clock does: what is due each second, and what is mended now and then."""

from collections.abc import Callable
from typing import NamedTuple

from dartwing.dartwing_core.background_jobs.database.database_clock import UTC_NOW
from dartwing.dartwing_core.background_jobs.dispatch import dependencies, dispatcher, expiry
from dartwing.dartwing_core.background_jobs.groups import settling
from dartwing.dartwing_core.background_jobs.schedules import due
from dartwing.dartwing_core.background_jobs.upkeep import recovery

Step = Callable[[], object]


class Due(NamedTuple):
	"""A step, and the condition in SQL under which it is due; `%(since)s` is when it was asked before.

	The condition is asked each second: it runs on an index. A `%` in it is written twice.
	"""

	condition: str
	step: Step


# Only what became due since the last look: what was due before waits for room, and is handed over when
# there is some.
DUE: tuple[Due, ...] = (
	Due(
		f"exists (select 1 from `tabBackground Job` where ready_at > %(since)s and ready_at <= {UTC_NOW})",
		dispatcher.dispatch_ready,
	),
	Due(
		f"exists (select 1 from `tabJob Schedule` where is_paused = 0 and next_slot_utc <= {UTC_NOW})",
		due.start_due,
	),
	Due(
		f"exists (select 1 from `tabBackground Job` where expires_at_utc <= {UTC_NOW})",
		expiry.cancel_expired,
	),
)
# each commits for itself, and may be done by any number of clocks and ticks at once
MENDING: tuple[Step, ...] = (
	recovery.recover,
	settling.settle_overlooked,
	dependencies.process_dependent_jobs,
	dispatcher.dispatch_ready,
)

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

	`next_at`: SQL for the next instant at which it may be due, so that it is looked at then and not up to a
	second later. Both are asked each second: they run on an index. A `%` in them is written twice.
	"""

	condition: str
	step: Step
	next_at: str = "null"


def _next(column: str, table: str, where: str = "") -> str:
	return f"(select min({column}) from `{table}` where {where}{column} > {UTC_NOW})"


# Only what became due since the last look: what was due before waits for room, and is handed over when
# there is some.
DUE: tuple[Due, ...] = (
	Due(
		f"exists (select 1 from `tabBackground Job` where ready_at > %(since)s and ready_at <= {UTC_NOW})",
		dispatcher.dispatch_ready,
		_next("ready_at", "tabBackground Job"),
	),
	# starts that count no more against the pace of their type
	Due(
		f"exists (select 1 from `tabJob Start` where counts_until > %(since)s and counts_until <= {UTC_NOW})",
		dispatcher.dispatch_held,
		_next("counts_until", "tabJob Start"),
	),
	Due(
		f"exists (select 1 from `tabJob Schedule` where is_paused = 0 and next_slot_utc <= {UTC_NOW})",
		due.start_due,
		_next("next_slot_utc", "tabJob Schedule", "is_paused = 0 and "),
	),
	Due(
		f"exists (select 1 from `tabBackground Job` where expires_at_utc <= {UTC_NOW})",
		expiry.cancel_expired,
		_next("expires_at_utc", "tabBackground Job"),
	),
)
# each commits for itself, and may be done by any number of clocks and ticks at once
MENDING: tuple[Step, ...] = (
	recovery.recover,
	settling.settle_overlooked,
	dependencies.process_dependent_jobs,
	dispatcher.dispatch_ready,
)

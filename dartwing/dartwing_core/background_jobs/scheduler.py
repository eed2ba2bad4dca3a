"""Cron entry points, nothing else. Each step commits for itself, so that one cannot undo another."""

from collections.abc import Callable, Sequence

from dartwing.dartwing_core.background_jobs import error_log
from dartwing.dartwing_core.background_jobs.database.connections import limit_lock_waits
from dartwing.dartwing_core.background_jobs.dispatch import (
	dependencies,
	dispatcher,
	expiry,
	retry_queue,
	starting_limits,
)
from dartwing.dartwing_core.background_jobs.groups import settling
from dartwing.dartwing_core.background_jobs.schedules import due
from dartwing.dartwing_core.background_jobs.upkeep import (
	dead_letter_alert,
	former_organizations,
	holding,
	recovery,
	retention,
)
from dartwing.dartwing_core.doctype.job_tally import job_tally

EACH_TICK: Sequence[Callable[[], object]] = (
	holding.forget_cached,
	recovery.recover,
	settling.settle_overlooked,
	dependencies.process_dependent_jobs,
	dead_letter_alert.alert_when_many,
	expiry.cancel_expired,
	retry_queue.process_retry_queue,
	due.start_due,
	dispatcher.dispatch_ready,
	starting_limits.forget_old_starts,
	job_tally.count_new,
	former_organizations.put_away,
)
EACH_DAY: Sequence[Callable[[], object]] = (retention.daily_cleanup, due.forget_old_slots, job_tally.recount)


def tick() -> None:
	"""One tick: mend what was lost, then wake what waits: retries, children, jobs and slots that are due.

	Frappe's scheduler calls it every 60 seconds on v15, and every 240 on v16 unless the site says otherwise.
	"""
	_run(EACH_TICK)


def daily() -> None:
	"""Delete jobs that are older than the settings keep, and check the sums against what is there."""
	_run(EACH_DAY)


def _run(steps: Sequence[Callable[[], object]]) -> None:
	limit_lock_waits()
	for step in steps:
		error_log.run_step(step)

"""How long jobs take: what is usual for the jobs of a type, in one organization, and what that lets expect.

Told are only durations of the organization's own jobs, and none of fewer than ten.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.insight.figures import percentile
from dartwing.dartwing_core.background_jobs.memory import Memory
from dartwing.dartwing_core.background_jobs.statuses import RUNNING, UNFINISHED
from dartwing.dartwing_core.doctype.job_tally.arithmetic import HOUR, TOTAL
from dartwing.dartwing_core.doctype.job_tally.job_tally import durations_of

FEWEST_JOBS = 10
# how long an answer of the database is used
LASTS_SECONDS = 60

# organization and Job Type
Kind = tuple[str, str]


class Usual(NamedTuple):
	"""Half of the jobs took no longer than `seconds`, 95 % no longer than `p95_seconds`."""

	seconds: float
	p95_seconds: float


# None if the database does not know it
asked: Memory[Usual | None] = Memory(LASTS_SECONDS)


def add_to(jobs: Sequence[tuple[Any, dict[str, Any]]]) -> None:
	"""Add `usual_seconds`, `p95_seconds` and `seconds_left` to what is told of jobs, beside their rows.

	They are None where nobody knows, and for a job that has ended. At most one statement.
	"""
	usual = of_kinds({(row.organization, row.job_type) for row, _told in jobs if row.status in UNFINISHED})
	now = times.site_now(may_ask=False)
	for row, told in jobs:
		known = usual.get((row.organization, row.job_type)) if row.status in UNFINISHED else None
		left = None
		if known and row.status == RUNNING and row.started_at:
			left = seconds_left(known, (now - row.started_at).total_seconds(), row.progress or 0)
		told["usual_seconds"], told["p95_seconds"] = known or (None, None)
		told["seconds_left"] = left


def of_kinds(kinds: Collection[Kind]) -> dict[Kind, Usual]:
	"""Those of these kinds of which enough is known; one statement for what was not asked for a minute."""
	known = asked.values()
	if unknown := [kind for kind in kinds if kind not in known]:
		counted = durations_of(unknown)
		for kind in unknown:
			# what changed lately counts, if that is enough
			lately, ever = counted.get((HOUR, *kind)), counted.get((TOTAL, *kind))
			known[kind] = usual_of(lately) or usual_of(ever)
			asked.put(kind, known[kind])
	return {kind: usual for kind in kinds if (usual := known[kind])}


def usual_of(jobs_by_bucket: Any) -> Usual | None:
	if not jobs_by_bucket or sum(jobs_by_bucket.values()) < FEWEST_JOBS:
		return None
	return Usual(percentile(jobs_by_bucket, 0.5), percentile(jobs_by_bucket, 0.95))


def seconds_left(usual: Usual, elapsed: float, progress: float) -> float | None:
	"""What is left of the usual duration, and the more of it is done, of what its progress says.

	None when it runs longer than usual, and has told no progress.
	"""
	elapsed, done = max(0.0, elapsed), min(100.0, max(0.0, progress)) / 100
	by_duration = max(0.0, usual.seconds - elapsed)
	if not done:
		return round(by_duration, 3) if by_duration else None
	by_progress = elapsed * (1 - done) / done
	return round(done * by_progress + (1 - done) * by_duration, 3)

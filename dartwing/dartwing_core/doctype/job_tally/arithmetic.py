"""What one transition adds to which sums: pure, nothing is read or written here."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha1
from typing import NamedTuple

from dartwing.dartwing_core.background_jobs.statuses import COMPLETED, FINISHED, RUNNING

# the jobs that are there, by status; all jobs that ever were; those of one hour
GRANULARITIES = LEVEL, TOTAL, HOUR = "Level", "Total", "Hour"
WHOLE_SITE = ""
# Renard's preferred numbers of ISO 3: a duration is known to 12 %
_STEPS = (1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9)
# seconds; bucket n holds durations from BOUNDS[n - 1] up to BOUNDS[n], the last bucket all that are longer
BOUNDS = tuple(float(f"{step}e{power}") for power in range(-3, 4) for step in _STEPS)
NO_DURATION = -1


class Event(NamedTuple):
	"""Equal transitions of one hour, and how many; `bucket` and `seconds` say how long the jobs had run."""

	organization: str
	job_type: str
	priority: str
	from_status: str | None
	to_status: str
	hour: datetime
	bucket: int
	jobs: int
	seconds: float
	is_dry_run: int = 0


class Key(NamedTuple):
	"""What a row of sums is about; `event` is the status that jobs came to, Pending for new ones.

	`bucket` and the seconds beside it say how long Completed jobs had run, and jobs that are Running had waited.
	"""

	granularity: str
	period: datetime | None
	organization: str
	job_type: str
	priority: str
	event: str
	bucket: int

	@property
	def name(self) -> str:
		return sha1("\0".join(str(part) for part in self).encode(), usedforsecurity=False).hexdigest()


def changes_of(event: Event) -> Iterator[tuple[Key, int, float]]:
	"""What an event adds to which rows: `(key, jobs, seconds)`. A dry run is counted as long as it is there."""
	yield from ((key, jobs, 0.0) for key, jobs in level_changes(event))
	if event.is_dry_run:
		return
	if event.to_status == RUNNING:
		yield from _starts(event)
		return
	if event.from_status is not None and event.to_status not in FINISHED:
		return
	seconds = event.seconds if event.to_status == COMPLETED else 0.0
	bucket = event.bucket if event.to_status == COMPLETED else NO_DURATION
	for granularity, period in ((TOTAL, None), (HOUR, event.hour)):
		for organization in (event.organization, WHOLE_SITE):
			key = Key(
				granularity, period, organization, event.job_type, event.priority, event.to_status, bucket
			)
			yield key, event.jobs, seconds


def _starts(event: Event) -> Iterator[tuple[Key, int, float]]:
	"""How long jobs that started had been Queued. Nobody asks for that by the hour."""
	for organization in (event.organization, WHOLE_SITE):
		key = Key(TOTAL, None, organization, event.job_type, event.priority, RUNNING, event.bucket)
		yield key, event.jobs, event.seconds


def level_changes(event: Event) -> Iterator[tuple[Key, int]]:
	if event.from_status in FINISHED:
		yield level_of(event.organization, event.job_type, event.priority, event.from_status), -event.jobs
	if event.to_status in FINISHED:
		yield level_of(event.organization, event.job_type, event.priority, event.to_status), event.jobs


def level_of(organization: str, job_type: str, priority: str, status: str) -> Key:
	return Key(LEVEL, None, organization, job_type, priority, status, NO_DURATION)


def sums_of(events: Iterable[Event]) -> dict[Key, tuple[int, float]]:
	sums: dict[Key, tuple[int, float]] = {}
	for event in events:
		for key, jobs, seconds in changes_of(event):
			before = sums.get(key, (0, 0.0))
			sums[key] = (before[0] + jobs, before[1] + seconds)
	return sums

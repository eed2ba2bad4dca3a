"""Transitions are announced once they are committed: by a line in the log and an event in the browsers."""

from collections.abc import Sequence
from itertools import repeat

from dartwing.dartwing_core.background_jobs.announcing import realtime, transition_log
from dartwing.dartwing_core.background_jobs.database.after_commit import one_message
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads


def announce_after_commit(
	lines: Sequence[transition_log.Line], events: Sequence[realtime.Message], may_be_undone: bool
) -> None:
	"""Lines and events are of the same transitions.

	`may_be_undone`: the caller may yet roll back to a savepoint, which tells nobody; what it undid is left out.
	"""
	one_message(Announcement).add(lines, events, may_be_undone)


class Announcement:
	"""The lines and events of all transitions of one transaction, together."""

	def __init__(self) -> None:
		self._told: list[tuple[transition_log.Line, realtime.Message, bool]] = []

	def add(
		self, lines: Sequence[transition_log.Line], events: Sequence[realtime.Message], may_be_undone: bool
	) -> None:
		self._told += zip(lines, events, repeat(may_be_undone))

	def __call__(self) -> None:
		in_doubt = [line for line, _event, may_be_undone in self._told if may_be_undone]
		undone = {name for name, _line in in_doubt} - self._committed(in_doubt)
		told = [(line, event) for line, event, _may_be_undone in self._told if line[0] not in undone]
		transition_log.write([line for line, _event in told])
		realtime.publish_all("job_status_changed", [event for _line, event in told])

	def _committed(self, lines: Sequence[transition_log.Line]) -> set[str]:
		"""Which of the lines' rows exist in the Job Execution Log, by name."""
		if not lines:
			return set()
		with uncommitted_reads():
			return transition_log.committed(lines)

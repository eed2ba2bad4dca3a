"""What is told of transitions once they are committed: a line in the log, an event in the browsers."""

from collections.abc import Sequence
from functools import partial

from dartwing.dartwing_core.background_jobs.announcing import realtime, transition_log
from dartwing.dartwing_core.background_jobs.database.after_commit import tell_after_commit
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads


def announce_after_commit(
	lines: Sequence[transition_log.Line], events: Sequence[realtime.Message], may_be_undone: bool
) -> None:
	"""Lines and events are of the same transitions.

	`may_be_undone`: the caller may yet roll back to a savepoint, which tells nobody; what it undid is left out.
	"""
	tell_after_commit(partial(_announce_committed if may_be_undone else _announce, lines, events))


def _announce(lines: Sequence[transition_log.Line], events: Sequence[realtime.Message]) -> None:
	transition_log.write(lines)
	realtime.publish_all("job_status_changed", events)


def _announce_committed(lines: Sequence[transition_log.Line], events: Sequence[realtime.Message]) -> None:
	"""Those whose row of the log is there."""
	with uncommitted_reads():
		committed = transition_log.committed(lines)
	kept = [(line, event) for line, event in zip(lines, events, strict=True) if line[0] in committed]
	_announce([line for line, _event in kept], [event for _line, event in kept])

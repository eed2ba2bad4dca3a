"""A stock worker that does not keep one of the engine's promises; run by `promises` in the sites folder.

`python promises_worker.py <promise>`; without one it keeps all of them.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from frappe.utils.background_jobs import start_worker

from dartwing import warm_start
from dartwing.dartwing_core.background_jobs.announcing import realtime, transition_log
from dartwing.dartwing_core.background_jobs.execution import claims
from dartwing.dartwing_core.background_jobs.execution.claims import ClaimAlong
from dartwing.dartwing_core.background_jobs.execution.supervision import Supervisor
from dartwing.dartwing_core.background_jobs.execution.surroundings import Surroundings
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit
from dartwing.dartwing_core.doctype.job_execution_log import job_execution_log


def nothing(*_arguments: Any, **_named: Any) -> None:
	pass


def no(*_arguments: Any) -> bool:
	return False


def yes(*_arguments: Any) -> bool:
	return True


@contextmanager
def around_nothing(*_arguments: Any) -> Iterator[None]:
	yield


# by promise: what stands for it, and what is put in its place
PROMISES: dict[str, tuple[tuple[Any, str, Callable], ...]] = {
	"a row of history for each transition": ((job_execution_log, "insert", nothing),),
	"a line in the log file": ((transition_log, "write", nothing),),
	"an event for the browsers": ((realtime, "publish_all", yes),),
	"a check of owner, organization, parent, pauses": (
		(claims, "refuse_to_start", no),
		(claims, "may_start", yes),
	),
	"supervision: heartbeat, cancel, kill": ((Supervisor, "watching", around_nothing),),
	"a time limit of its own": ((TimeLimit, "enforced", around_nothing),),
	"the process put back": ((Surroundings, "__init__", nothing), (Surroundings, "put_back", nothing)),
}
# what is no promise: how much it spares
SAVINGS: dict[str, tuple[tuple[Any, str, Callable], ...]] = {
	"the next claim in the commit of an end": ((ClaimAlong, "lock", nothing),),
}


def leave_out(promise: str) -> None:
	for owner, name, replacement in {**PROMISES, **SAVINGS}[promise]:
		setattr(owner, name, replacement)


if __name__ == "__main__":
	warm_start.load()
	if len(sys.argv) > 1:
		leave_out(sys.argv[1])
	start_worker(queue="short,default,long")

"""What a dry run would let out of its transaction: dropped and counted, as long as its handler runs.

Only what the handler's own Frappe context does is held back. The engine works beside it in this process, in
other contexts, and its wake-ups and events go out as ever.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from importlib import import_module
from typing import Any

import frappe
import frappe.realtime
from rq import Queue
from rq.job import Job

# the local in which a context has what it counts
COUNTED = "dartwing_held_back"
# events that tell of the job itself
OF_THE_JOB = ("job_progress",)
# where `frappe.sendmail` makes a mail of what it is given, and where it is sent: only a real bench has it
MAIL = "frappe.email.doctype.email_queue.email_queue"
# loaded with the first dry run: on v16 it opens a log file of the site
FILE = "frappe.core.doctype.file.file"
# by which every single job goes into a queue of RQ: at once, behind others, and later
QUEUED_BY = ("enqueue_job", "_enqueue_job", "schedule_job")
# how the versions of Frappe, and benchless, call what removes a file from disk at once
REMOVERS = ("_delete_file_on_disk", "delete_content")

Called = Callable[..., Any]
Dropped = Callable[[tuple, dict[str, Any]], Any]


@contextmanager
def held_back() -> Iterator[Counter[str]]:
	"""Within the block, count what is dropped: `mails`, `enqueued`, `realtime`, `files`."""
	counted: Counter[str] = Counter()
	setattr(frappe.local, COUNTED, counted)
	undo = [_replace(*way) for way in _ways_out() if hasattr(way[0], way[1])]
	try:
		yield counted
	finally:
		for put_back in reversed(undo):
			put_back()
		# a handler may have taken all locals away
		with suppress(AttributeError):
			delattr(frappe.local, COUNTED)


def _ways_out() -> list[tuple[Any, str, str | None, Dropped]]:
	"""What is replaced: where it is found, its name, as what it is counted, and what it answers."""
	file = import_module(FILE).File
	ways: list[tuple[Any, str, str | None, Dropped]] = [
		*((Queue, name, "enqueued", _unsent_job) for name in QUEUED_BY),
		(Queue, "enqueue_many", None, _one_by_one),
		(frappe.realtime, "publish_realtime", "realtime", _nothing),
		(frappe, "publish_realtime", "realtime", _nothing),
		*((file, name, "files", _nothing) for name in REMOVERS),
	]
	try:
		mail = import_module(MAIL)
	except ImportError:
		return ways
	of_mail = ((mail.QueueBuilder, "process"), (mail.EmailQueue, "send"))
	return [*ways, *((owner, name, "mails", _nothing) for owner, name in of_mail)]


def _nothing(arguments: tuple, named: dict[str, Any]) -> None:
	return None


def _unsent_job(arguments: tuple, named: dict[str, Any]) -> Job:
	"""The job of RQ, which goes into no queue: callers read its id."""
	return arguments[1] if len(arguments) > 1 else named["job"]


def _one_by_one(arguments: tuple, named: dict[str, Any]) -> list[Job]:
	"""`enqueue_many` would write those that depend on others by itself."""
	queue, datas = arguments[0], arguments[1] if len(arguments) > 1 else named["job_datas"]
	made = [queue.create_job(one.func, args=one.args, kwargs=one.kwargs, job_id=one.job_id) for one in datas]
	return [queue.enqueue_job(job) for job in made]


def _goes_on(arguments: tuple, named: dict[str, Any]) -> bool:
	"""Whether it is an event of the job, or removes a file that the dry run has made: a rollback does."""
	first: Any = arguments[0] if arguments else named.get("event")
	if getattr(first, "doctype", None) == "File":
		return bool(first.flags.new_file)
	return isinstance(first, str) and first in OF_THE_JOB


def _replace(owner: Any, name: str, counted_as: str | None, dropped: Dropped) -> Callable[[], None]:
	"""Replace it in this process, for contexts that hold back; returns what puts it back."""
	is_own, original = name in vars(owner), getattr(owner, name)

	@wraps(original)
	def called(*arguments: Any, **named: Any) -> Any:
		counted = getattr(frappe.local, COUNTED, None)
		if counted is None or _goes_on(arguments, named):
			return original(*arguments, **named)
		if counted_as:
			counted[counted_as] += 1
		return dropped(arguments, named)

	setattr(owner, name, called)
	return (lambda: setattr(owner, name, original)) if is_own else (lambda: delattr(owner, name))

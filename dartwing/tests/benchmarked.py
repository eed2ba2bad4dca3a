"""The work of the benchmarks: the same function for `frappe.enqueue` and, as a handler, for the engine."""

import time
from collections.abc import Callable

import frappe

from dartwing.dartwing_core.background_jobs import JobContext


def do_nothing() -> None:
	pass


def write_one() -> None:
	"""Insert one document."""
	frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert(ignore_permissions=True)


def note_start(mark: str, sent_at: float) -> None:
	"""Leave in the cache how many seconds ago the job was sent (seconds since 1970, of this machine)."""
	frappe.cache.rpush(mark, time.time() - sent_at)


def nothing_job(context: JobContext) -> None:
	do_nothing()


def write_job(context: JobContext) -> None:
	write_one()


def start_job(context: JobContext) -> None:
	note_start(context.parameters["mark"], context.parameters["sent_at"])


def sleep_job(context: JobContext) -> None:
	"""Take `seconds`."""
	time.sleep(context.parameters["seconds"])


def report_job(context: JobContext) -> None:
	"""Leave in the cache what each of `calls` of `what` took, in milliseconds on average, `rounds` times."""
	what = REPORTS[context.parameters["what"]](context)
	calls = context.parameters["calls"]
	for _round in range(context.parameters["rounds"]):
		began = time.perf_counter()
		for number in range(calls):
			what(number)
		milliseconds = 1000 * (time.perf_counter() - began) / calls
		frappe.cache.rpush(context.parameters["mark"], milliseconds)


def reporting(context: JobContext) -> Callable[[int], object]:
	return lambda number: context.update_progress(number % 100, "a message")


def asking_whether_canceled(context: JobContext) -> Callable[[int], object]:
	return lambda number: context.is_canceled()


def writing_by_hand(context: JobContext) -> Callable[[int], object]:
	"""What a function that `frappe.enqueue` runs would do to be seen: write, commit, tell."""
	document = frappe.get_doc({"doctype": "Person", "first_name": "written by a test"})
	document.insert(ignore_permissions=True)

	def write(number: int) -> None:
		frappe.db.set_value("Person", document.name, "last_name", f"{number} percent")
		frappe.publish_realtime("progress", {"percent": number}, user=context.owner)
		frappe.db.commit()

	return write


REPORTS = {"update_progress": reporting, "is_canceled": asking_whether_canceled, "by_hand": writing_by_hand}

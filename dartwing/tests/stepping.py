"""What handlers do in steps: their effects are people, whose first names say which step wrote them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import frappe
from frappe.database import savepoint

from dartwing.dartwing_core.background_jobs import JobContext, JobTimeoutError, PermanentError, TransientError

MARKER = "written by a test"


@dataclass
class Scan:
	pages: tuple[int, ...]
	on: date
	price: Decimal


def step_by_step(context: JobContext) -> dict | None:
	"""Do what `parameters.how` names."""
	return WAYS[context.parameters["how"]](context)


def write(name: str) -> str:
	person = frappe.get_doc({"doctype": "Person", "first_name": f"{MARKER}: {name}"})
	return person.insert(ignore_permissions=True).name


def fail_at_first(context: JobContext, message: str = "not yet") -> None:
	if context.attempt == 1:
		raise TransientError(message)


def two_steps(context: JobContext) -> dict:
	"""The first attempt fails between them."""
	first = context.step("first", write, "first")
	fail_at_first(context)
	second = context.step("second", write, "second")
	return {"result": {"first": first, "second": second}}


def in_three_steps(context: JobContext) -> None:
	for number in range(3):
		context.step(f"step {number}", write, f"step {number}")


def in_many_steps(context: JobContext) -> None:
	"""Which write nothing."""
	for number in range(context.parameters["steps"]):
		context.step(f"step {number}", int)


def from_item_to_item(context: JobContext) -> None:
	for number in context.each("items", range(3), commit_every_seconds=0):
		write(f"item {number}")


def a_typed_result(context: JobContext) -> dict:
	def scan(pages: int) -> Scan:
		return Scan(tuple(range(pages)), date(2026, 11, 29), Decimal("0.10"))

	found = context.step("scan", scan, pages=2)
	fail_at_first(context)
	return {"result": {"is_scan": isinstance(found, Scan), "found": repr(found)}}


def an_untyped_result(context: JobContext) -> dict:
	found = context.step("scan", lambda: (1, date(2026, 11, 29)))
	fail_at_first(context)
	return {"result": found}


def fail_in_a_step(context: JobContext) -> None:
	context.step("first", write, "first")
	context.step("second", write_and_raise, "second")


def write_and_raise(name: str) -> None:
	write(name)
	raise TransientError("after writing")


def catch_the_error_of_a_step(context: JobContext) -> None:
	try:
		context.step("first", write_and_raise, "first")
	except TransientError:
		context.step("instead", write, "instead")
	write("after the steps")


def items(context: JobContext) -> list[dict[str, Any]]:
	return [{"name": f"item {number}"} for number in range(context.parameters.get("items", 6))]


def go_through(context: JobContext) -> None:
	"""Fails once, in the fourth item, after it has written."""
	for number, item in enumerate(context.each("items", items(context), commit_every_seconds=0)):
		write(item["name"])
		if number == 3:
			fail_at_first(context)


def go_through_by_key(context: JobContext) -> None:
	"""As `go_through`, where the first item is not there any more at the second attempt."""
	rows = items(context)[context.attempt - 1 :]
	for item in context.each("items", rows, key="name", commit_every_seconds=0):
		write(item["name"])
		if item["name"] == "item 3":
			fail_at_first(context)


def go_through_what_a_function_finds(context: JobContext) -> None:
	def behind(last: int | str | None) -> list[dict[str, Any]]:
		return [item for item in items(context) if last is None or item["name"] > last][:2]

	for item in context.each("items", behind, key=lambda item: item["name"], commit_every_seconds=0):
		write(item["name"])
		if item["name"] == "item 3":
			fail_at_first(context)


def miss_the_last_item(context: JobContext) -> None:
	rows = items(context) if context.attempt == 1 else []
	for item in context.each("items", rows, key="name", commit_every_seconds=0):
		write(item["name"])
		if item["name"] == "item 3":
			fail_at_first(context)


def go_through_in_one_commit(context: JobContext) -> None:
	"""As `go_through`, which fails before a commit is due."""
	for number, item in enumerate(context.each("items", items(context), commit_every_seconds=600)):
		write(item["name"])
		if number == 3:
			fail_at_first(context)


def leave_the_loop(context: JobContext) -> None:
	for item in context.each("items", items(context), commit_every_seconds=0):
		write(item["name"])
		break
	context.step("next", write, "next")


def sleep_in_a_step(context: JobContext) -> None:
	def write_and_sleep() -> None:
		write("second")
		time.sleep(context.parameters.get("seconds", 600) if context.attempt == 1 else 0)

	context.step("first", write, "first")
	context.step("second", write_and_sleep)


def sleep_between_steps(context: JobContext) -> None:
	context.step("first", write, "first")
	if context.attempt == 1:
		time.sleep(600)
	context.step("second", write, "second")


def swallow_the_timeout_in_a_step(context: JobContext) -> None:
	def write_and_go_on() -> None:
		write("second")
		try:
			time.sleep(600 if context.attempt == 1 else 0)
		except JobTimeoutError:
			write("after its time")

	context.step("first", write, "first")
	context.step("second", write_and_go_on)


def cancel_in_a_step(context: JobContext) -> None:
	"""As if somebody canceled the job while the step runs."""

	def write_and_be_canceled() -> None:
		write("second")
		cancel = threading.Thread(target=canceled_by_another, args=(frappe.local.site, context.job_id))
		cancel.start()
		cancel.join()

	context.step("first", write, "first")
	context.step("second", write_and_be_canceled)


def canceled_by_another(site: str, job_id: str) -> None:
	from dartwing.dartwing_core.background_jobs import cancel_job

	frappe.init(site=site)
	frappe.connect()
	frappe.set_user("Administrator")
	cancel_job(job_id)
	frappe.db.commit()
	frappe.destroy()


def end_all_writes_before_a_step(context: JobContext) -> None:
	with savepoint(catch=ValueError):
		write("undone")
		raise ValueError
	context.step("first", write, "first")
	write("undone")
	frappe.db.rollback()
	context.step("second", write, "second")
	write("committed")
	frappe.db.commit()
	context.step("third", write, "third")


# --- what is refused


def use_a_name_twice(context: JobContext) -> None:
	context.step("first", write, "first")
	context.step("first", write, "first again")


def begin_within_a_step(context: JobContext) -> None:
	context.step("outer", lambda: context.step("inner", write, "inner"))


def write_before_a_step(context: JobContext) -> None:
	write("before")
	context.step("first", write, "first")


def write_before_a_step_and_undo_more(context: JobContext) -> None:
	write("before")
	with savepoint(catch=ValueError):
		write("undone")
		raise ValueError
	context.step("first", write, "first")


def change_tables_before_a_step(context: JobContext) -> None:
	frappe.db.sql_ddl("drop table if exists `dartwing has no such table`")
	context.step("first", write, "first")


def submit_before_a_step(context: JobContext) -> None:
	context.submit("obliging_job", {"mode": "succeed"})
	context.step("first", write, "first")


def begin_two_loops(context: JobContext) -> None:
	loops = [context.each(name, items(context), commit_every_seconds=0) for name in ("items", "others")]
	for one, _other in zip(*loops, strict=True):
		write(one["name"])


def write_between_a_loop_and_its_items(context: JobContext) -> None:
	rows = context.each("items", items(context))
	write("before")
	for row in rows:
		write(row["name"])


def begin_in_a_thread(context: JobContext) -> None:
	errors: list[Exception] = []

	def begin() -> None:
		try:
			context.step("first", time.time)
		except PermanentError as error:
			errors.append(error)

	thread = threading.Thread(target=begin)
	thread.start()
	thread.join()
	raise errors[0]


def begin_on_another_connection(context: JobContext) -> None:
	frappe.connect()
	context.step("first", write, "first")


def connect_within_a_step(context: JobContext) -> None:
	def write_and_connect() -> None:
		write("first")
		frappe.connect()

	context.step("first", write_and_connect)


def connect_between_items(context: JobContext) -> None:
	for item in context.each("items", items(context), commit_every_seconds=0):
		write(item["name"])
		frappe.connect()


def return_what_is_too_large(context: JobContext) -> None:
	context.step("first", lambda: "x" * (1024 * 1024))


def return_what_is_no_json(context: JobContext) -> None:
	context.step("first", lambda: write and object())


def return_another_type(context: JobContext) -> None:
	def count() -> int:
		write("first")
		return "many"  # type: ignore[return-value]

	context.step("first", count)


def declare_what_cannot_be_kept(context: JobContext) -> None:
	def open_it() -> threading.Thread:
		return threading.current_thread()

	context.step("first", open_it)


def name_it_badly(context: JobContext) -> None:
	context.step(context.parameters["name"], write, "first")


def have_too_many(context: JobContext) -> None:
	for number in range(1001):
		context.step(f"step {number}", int)


def give_a_key_that_is_none(context: JobContext) -> None:
	for item in context.each("items", items(context), key="size"):
		write(item["name"])


def find_the_same_again(context: JobContext) -> None:
	for item in context.each("items", lambda _last: items(context)[:1], key="name"):
		write(item["name"])


def give_no_key_to_a_function(context: JobContext) -> None:
	for item in context.each("items", lambda _last: items(context)):
		write(item["name"])


WAYS: dict[str, Callable[[JobContext], dict | None]] = {
	name: value for name, value in list(globals().items()) if callable(value) and name not in ("WAYS",)
}

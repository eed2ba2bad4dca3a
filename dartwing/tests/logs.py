"""What a handler of the tests logs: its `how` parameter chooses."""

import logging
import logging.config
import os
import signal
import threading
import time
from collections.abc import Callable

import frappe

from dartwing.dartwing_core.background_jobs import JobContext, TransientError

log = logging.getLogger("importer.rows")
# of a handler that has ended, which go on logging
_left: list[threading.Thread] = []


def log_lines(context: JobContext) -> dict | None:
	return HOW[context.parameters["how"]](context)


def in_each_way(context: JobContext) -> None:
	context.log("said")
	context.log("said loudly", level="ERROR")
	log.debug("not even looked at")
	log.info("page %s of %s", 1, 2)
	logging.warning("of the root")
	try:
		raise ValueError("of the handler")
	except ValueError:
		log.exception("caught")
	log.info("%d", "no number")
	thread = threading.Thread(target=log.info, args=("of a thread",))
	thread.start()
	thread.join()
	for name in ("dartwing", "dartwing.jobs", "frappe.database", "rq.worker"):
		logging.getLogger(name).error("of the engine")
	frappe.logger("importer").error("of a logger of Frappe")


def say_what_is_named(context: JobContext) -> None:
	for text in context.parameters["texts"]:
		context.log(text)
		log.info("%s", text)
		try:
			raise ValueError(text)
		except ValueError:
			log.exception("caught")


def a_flood(context: JobContext) -> dict:
	began = time.monotonic()
	for number in range(1, context.parameters["lines"] + 1):
		log.info("line %s", number)
	return {"result": {"seconds": time.monotonic() - began}}


def long_lines(context: JobContext) -> None:
	for _number in range(context.parameters["lines"]):
		context.log("x" * context.parameters["characters"])


def one_now_and_then(context: JobContext) -> None:
	for number in range(context.parameters["lines"]):
		context.log(f"line {number + 1}")
		time.sleep(context.parameters["seconds"])


def one_and_wait(context: JobContext) -> None:
	context.log("is there before it ends")
	time.sleep(context.parameters["seconds"])


def log_and_raise(context: JobContext) -> None:
	context.log(f"attempt {context.attempt}")
	if context.attempt == 1:
		raise TransientError("after a line")


def log_and_wait_for_the_end(context: JobContext) -> None:
	log.info("before it is stopped")
	time.sleep(600)


def log_and_die(context: JobContext) -> None:
	"""Killed while lines are written; the second attempt ends."""
	if context.checkpoint:
		return
	context.save_checkpoint({"has_begun": True})
	timer = threading.Timer(1.3, os.kill, (os.getpid(), signal.SIGKILL))
	timer.start()
	while True:
		log.info("line")
		time.sleep(0.0005)


def change_logging(context: JobContext) -> None:
	before = list(logging.root.handlers)
	handler = logging.NullHandler()
	logging.root.addHandler(handler)
	log.info("with a handler")
	logging.root.handlers.clear()
	log.info("without one")
	logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "root": {"level": "INFO"}})
	log.info("with another configuration")
	logging.root.handlers[:] = before


def leave_a_thread(context: JobContext) -> None:
	def go_on() -> None:
		for _number in range(200):
			log.info("of a thread that was left")
			time.sleep(0.01)

	thread = threading.Thread(target=go_on, daemon=True)
	_left.append(thread)
	thread.start()
	context.log("of the handler itself")


def leave_timers(context: JobContext) -> None:
	"""Each starts the next one, also after the handler has ended."""

	def tick(left: int) -> None:
		log.info("of a timer that was left")
		if left:
			threading.Timer(0.05, tick, [left - 1]).start()

	tick(100)


def log_in_a_child(context: JobContext) -> None:
	context.log("before the fork")
	child = os.fork()
	if child == 0:
		log.info("in the child")
		context.log("in the child")
		os._exit(0)
	os.waitpid(child, 0)
	context.log("after the fork")


HOW: dict[str, Callable] = {
	function.__name__: function
	for function in (
		in_each_way,
		say_what_is_named,
		a_flood,
		long_lines,
		one_now_and_then,
		one_and_wait,
		log_and_raise,
		log_and_wait_for_the_end,
		log_and_die,
		change_logging,
		leave_a_thread,
		leave_timers,
		log_in_a_child,
	)
}

"""The handler of the tests: its `mode` parameter chooses what happens."""

import asyncio
import faulthandler
import fcntl
import json
import logging.config
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import frappe

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	JobCanceledError,
	JobContext,
	JobTimeoutError,
	PermanentError,
	Snooze,
	TransientError,
	cancel_job,
	submit_job,
)
from dartwing.dartwing_core.background_jobs.database import drivers
from dartwing.dartwing_core.background_jobs.database.connections import separate_transaction
from dartwing.tests.foreign_errors import RAISED, WordlessError
from dartwing.tests.logs import log_lines
from dartwing.tests.saying import say


def obliging_handler(context: JobContext) -> dict | None:
	"""Do what `parameters.mode` names, with the other parameters."""
	return MODES[context.parameters["mode"]](context)


def succeed(context: JobContext) -> dict:
	return {"result": {"user": frappe.session.user, "attempt": context.attempt}}


def describe_context(context: JobContext) -> dict:
	public = {name: value for name, value in vars(context).items() if not name.startswith("_")}
	return {"result": public, "output_reference": "/private/files/nothing.txt"}


def tell_of_the_group(context: JobContext) -> dict:
	return {"result": context.group and list(context.group)}


def tell_of_parents(context: JobContext) -> dict:
	parents = context.parents
	assert list(parents) == [parents[place] for place in range(len(parents))] == parents[:]
	return {"result": [[one.job_id, one.job_type, one.status, one.result] for one in parents]}


def fan_out(context: JobContext) -> dict:
	"""Submit `count` jobs, and one after them; then do what `then` says."""
	count, then = context.parameters["count"], context.parameters.get("then", "succeed")
	job = {"mode": "write_people", "people": 1, "marker": context.parameters["marker"]}
	pages = [context.submit("obliging_job", {**job, "page": page}) for page in range(count)]
	merge = context.submit(
		"obliging_job", {"mode": "tell_of_parents"}, depends_on=[page.name for page in pages]
	)
	if then != "succeed":
		MODES[then](context)
	return {"result": [*(page.name for page in pages), merge.name]}


def submit_after_what_is_named(context: JobContext) -> None:
	context.submit("obliging_job", {"mode": "succeed"}, depends_on=context.parameters["parent"])


def submit_after_a_cancel(context: JobContext) -> None:
	with separate_transaction():
		cancel_job(context.job_id)
	context.submit("obliging_job", {"mode": "succeed"})
	frappe.db.commit()


def submit_after_the_commit(context: JobContext) -> None:
	def submit() -> None:
		context.submit("obliging_job", {"mode": "succeed"})
		frappe.db.commit()

	frappe.db.after_commit.add(submit)


def fan_out_after_a_suspension(context: JobContext) -> None:
	with separate_transaction():
		frappe.db.set_value("Organization", context.organization, "status", "Suspended")
		frappe.db.commit()
	context.submit("obliging_job", {"mode": "succeed"})


def fan_out_a_flow(context: JobContext) -> dict:
	pages = [Job("obliging_job", {"mode": "succeed", "page": page}) for page in range(3)]
	made = context.submit_flow(Flow("pages", pages >> Job("obliging_job", {"mode": "tell_of_parents"})))
	return {"result": [made.group_id, [job.name for job in made.jobs]]}


def fan_out_in_a_step(context: JobContext) -> dict:
	def submit() -> str:
		return context.submit("obliging_job", {"mode": "succeed", "of": context.job_id}).name

	submitted = context.step("submit", submit)
	if context.attempt == 1:
		raise TransientError("after the step")
	return {"result": submitted}


def fan_out_in_a_thread(context: JobContext) -> None:
	with ThreadPoolExecutor(1) as pool:
		pool.submit(context.submit, "obliging_job", {"mode": "succeed"}).result()


def write_people(context: JobContext) -> None:
	for number in range(context.parameters["people"]):
		first_name = f"{context.parameters['marker']} {number}"
		write_a_person(first_name)


def write_a_person(first_name: str) -> None:
	frappe.get_doc({"doctype": "Person", "first_name": first_name}).insert(ignore_permissions=True)


def write_people_and_raise(context: JobContext) -> None:
	write_people(context)
	raise TransientError("after writing")


def raise_after_commit(context: JobContext) -> None:
	"""As an after-commit callback of another app may, while Redis is away."""
	write_people(context)

	def fail() -> None:
		raise ConnectionError("after the commit")

	frappe.db.after_commit.add(fail)


def go_on_after_a_deadlock(context: JobContext) -> None:
	"""As an importer that logs a row which cannot be saved, and goes on with the next."""
	write_people(context)
	with suppress(frappe.QueryDeadlockError, *drivers.ERRORS):
		if number := context.parameters["number"]:
			frappe.db.sql(f"signal sqlstate '40001' set mysql_errno = {int(number)}")
		else:
			meet_somebody(context)
	write_people(context)


def meet_somebody(context: JobContext) -> None:
	"""A deadlock with a transaction that has written more, so that MariaDB undoes this one."""
	# by their names one by one: a statement about most rows would lock them all
	update = "update tabPerson set last_name = %s where name = %s"
	first, *others = context.parameters["met"]
	has_begun = threading.Event()
	other = drivers.connect_beside(frappe.local.db)
	other.autocommit(False)

	def meet() -> None:
		with closing(other), other.cursor() as cursor:
			for name in others:
				cursor.execute(update, ("theirs", name))
			has_begun.set()
			cursor.execute(update, ("theirs", first))
			other.rollback()

	frappe.db.sql(update, ("mine", first))
	thread = threading.Thread(target=meet)
	thread.start()
	has_begun.wait(10)
	# by then it waits for this transaction
	time.sleep(0.5)
	try:
		frappe.db.sql(update, ("mine", others[0]))
	finally:
		thread.join()


def make_its_commit_do_nothing(context: JobContext) -> None:
	"""So that a library that it calls commits nothing."""
	write_people(context)
	frappe.db.commit = lambda *_arguments, **_named: None


def set_the_time(context: JobContext) -> None:
	"""Of its session, as tests of dates do; it asks the engine what time it is."""
	frappe.db.sql("set timestamp = 4000000000")
	submit_job("obliging_job", context.organization, {"mode": "succeed"})
	raise TransientError("and it fails")


class Unspeakable:
	def __float__(self) -> float:
		raise ZeroDivisionError

	def __str__(self) -> str:
		raise RuntimeError("no words")


def report_what_cannot_be_told(context: JobContext) -> None:
	context.update_progress(Unspeakable(), Unspeakable())  # type: ignore[arg-type]


class Forged(str):
	"""It looks like a file to whoever reads it, and is something else where it is stored."""

	def encode(self, *_arguments: Any, **_named: Any) -> bytes:
		return b"javascript:alert(1)"


def return_a_forged_reference(context: JobContext) -> dict:
	return {"output_reference": Forged("/private/files/nothing.txt")}


def raise_permanent(context: JobContext) -> None:
	raise PermanentError("of no use")


def raise_validation(context: JobContext) -> None:
	frappe.throw("not like this")


def leave_a_name_out(context: JobContext) -> None:
	frappe.get_doc(doctype="Person").insert(ignore_permissions=True)


def want_a_parameter(context: JobContext) -> None:
	context.parameters["colour"]


def raise_unknown(context: JobContext) -> None:
	raise ZeroDivisionError("unknown")


def raise_a_file_name(context: JobContext) -> None:
	raise FileNotFoundError("no file caf\udce9")


def raise_exit(context: JobContext) -> None:
	"""As command line tools do that are called as libraries."""
	write_people(context)
	raise SystemExit(2)


def raise_canceled(context: JobContext) -> None:
	"""Stop as if canceled, which the job is not."""
	write_people(context)
	raise JobCanceledError("the handler's own idea")


def raise_at_length(context: JobContext) -> None:
	"""An error as long as the answer that it quotes."""
	raise ValueError("<html>" + "x" * int(context.parameters["length"]))


def raise_wordless(context: JobContext) -> None:
	raise WordlessError


def raise_what_is_named(context: JobContext) -> None:
	write_people(context)
	raise RAISED[context.parameters["error"]]()


def raise_in_a_broken_transaction(context: JobContext) -> None:
	"""The connection is gone, and a callback of the rollback raises as well."""
	write_people(context)

	def leave() -> None:
		raise SystemExit("out of the rollback")

	frappe.db.before_rollback.add(leave)
	frappe.db._conn.close()
	raise asyncio.CancelledError


def raise_before_commit(context: JobContext) -> None:
	write_people(context)

	def leave() -> None:
		raise SystemExit(3)

	frappe.db.before_commit.add(leave)


def leave_the_process(context: JobContext) -> None:
	"""As a crash in foreign code, but with an exit code; only the first time."""
	write_people(context)
	if not context.checkpoint:
		context.save_checkpoint({"left": True})
		os._exit(context.parameters["code"])


def start_processes(context: JobContext) -> dict:
	"""A child with a child, one with a session of its own, and an orphan; then do what `then` names.

	Their ids are in the checkpoint.
	"""
	child = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
	apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
	orphan = subprocess.run(
		["sh", "-c", "sleep 600 >/dev/null & echo $!"], stdout=subprocess.PIPE, text=True, check=True
	)
	pids = {"child": child.pid, "apart": apart.pid, "orphan": int(orphan.stdout)}
	pids["grandchild"] = int(child.stdout.readline())
	context.save_checkpoint(pids)
	MODES[context.parameters["then"]](context)
	return {"result": {**pids, "horse": os.getpid()}}


def fork_and_come_back(context: JobContext) -> dict:
	"""The child goes on with the handler, and out of it."""
	write_people(context)
	child = os.fork()
	if child == 0:
		raise ValueError("in the child")
	_pid, status = os.waitpid(child, 0)
	return {"result": {"exit": os.waitstatus_to_exitcode(status)}}


def be_alone_for_a_customer(context: JobContext) -> None:
	"""Say so if another job of the same customer runs at the same time."""
	customer = Path(context.parameters["folder"]) / context.parameters["customer"]
	with customer.with_suffix(".running").open("w") as running:
		try:
			fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
		except BlockingIOError:
			customer.with_suffix(".overlap").touch()
		time.sleep(0.02)


def snooze_twice(context: JobContext) -> dict:
	"""Write one person in a step and others beside it; be snoozed twice, and say how often it ran."""
	context.step("once", write_a_person, f"{context.parameters['marker']} once")
	write_people(context)
	times = (context.checkpoint or {"times": 0})["times"] + 1
	context.save_checkpoint({"times": times})
	if times < 3:
		raise Snooze(context.parameters.get("seconds", 0), "not yet")
	return {"result": times}


def snooze_for_what_is_named(context: JobContext) -> None:
	raise Snooze({"nan": float("nan"), "text": "soon", "past": -1, "ages": 1e12}[context.parameters["how"]])


def raise_retry_after(context: JobContext) -> None:
	raise TransientError("later", retry_after=float(context.parameters["retry_after"]))


def return_nonsense(context: JobContext) -> object:
	return ["no", "dict"]


def hurry(context: JobContext) -> dict:
	"""Report progress every millisecond for `seconds`; the result is how often it could."""
	end, reports = time.monotonic() + context.parameters["seconds"], 0
	while time.monotonic() < end:
		reports += 1
		context.update_progress(reports % 100, f"report {reports}")
		time.sleep(0.001)
	context.update_progress(99, "the last report")
	return {"result": {"reports": reports}}


def report_and_wait(context: JobContext) -> None:
	"""Two quick reports, then silence: the second one must be seen all the same."""
	context.update_progress(1, "first")
	context.update_progress(42, "second")
	time.sleep(context.parameters["seconds"])


def report_from_threads(context: JobContext) -> dict:
	"""As a handler does that asks several servers at once; what a thread raises comes out here."""

	def report(percent: int) -> bool:
		context.update_progress(percent, f"from a thread: {percent}")
		context.save_checkpoint({"percent": percent})
		return context.is_canceled()

	with ThreadPoolExecutor(max_workers=4) as threads:
		canceled = list(threads.map(report, range(20)))
	context.update_progress(99, "all threads have ended")
	return {"result": {"canceled": any(canceled), "connected": frappe.db.sql("select 1")[0][0]}}


def hold_a_lock_and_report(context: JobContext) -> None:
	"""Report while the handler's own transaction holds the locks of its rows."""
	write_people(context)
	for percent in (10, 20, 30):
		context.update_progress(percent, "while writing")
		time.sleep(context.parameters["seconds"] / 3)


def checkpoint_and_raise(context: JobContext) -> dict:
	if context.checkpoint:
		return {"result": context.checkpoint}
	context.save_checkpoint({"page": 7})
	raise TransientError("after the checkpoint")


def tell_the_key(context: JobContext) -> dict:
	if not context.checkpoint:
		context.save_checkpoint({"first": context.idempotency_key})
		raise TransientError("after the checkpoint")
	return {"result": {**context.checkpoint, "second": context.idempotency_key}}


def turn_pages(context: JobContext) -> None:
	"""Keep the next page of `pages`, and sleep over each but the last."""
	page = (context.checkpoint or {"page": 0})["page"] + 1
	context.save_checkpoint({"page": page})
	if page < context.parameters["pages"]:
		time.sleep(600)


def stay_at_a_page(context: JobContext) -> None:
	"""Keep the same page in every attempt, and sleep over it."""
	context.save_checkpoint({"page": 1})
	context.update_progress(50)
	time.sleep(600)


def wait_for_cancel(context: JobContext) -> None:
	"""Write people, then look for the cancel until it is there."""
	write_people(context)
	while not context.is_canceled():
		time.sleep(0.05)
	context.update_progress(50, "raises")


def shrug_off_the_timeout(context: JobContext) -> dict:
	"""Return as if nothing had happened."""
	try:
		time.sleep(context.parameters["seconds"])
	except JobTimeoutError:
		return {"result": {"interrupted": True}}
	return {"result": {"interrupted": False}}


def translate_the_timeout(context: JobContext) -> None:
	"""Raise an error of the handler's own for the interruption."""
	try:
		time.sleep(context.parameters["seconds"])
	except JobTimeoutError as error:
		raise PermanentError("the other side does not answer") from error


def translate_the_stop(context: JobContext) -> None:
	"""Raise an error of the handler's own for the cancel."""
	try:
		sleep_always(context)
	except JobCanceledError as error:
		raise ValueError("the other side does not answer") from error


def use_the_alarm(context: JobContext) -> None:
	"""As libraries do that limit their own calls: RQ's alarm is lost."""
	signal.alarm(60)
	signal.alarm(0)


def return_a_dict_as_reference(context: JobContext) -> dict:
	return {"output_reference": {"a": 1}}


def deep() -> dict:
	return json.loads('{"a": ' * 32 + "0" + "}" * 32)


def return_what_is_too_deep(context: JobContext) -> dict:
	return {"result": deep()}


def keep_what_is_too_deep(context: JobContext) -> None:
	context.save_checkpoint(deep())


def sleep(context: JobContext) -> None:
	time.sleep(context.parameters["seconds"])


def write_people_and_sleep_once(context: JobContext) -> None:
	"""Write people, report 50 % and, in the first attempt only, sleep with the transaction open."""
	write_people(context)
	is_first = not context.checkpoint
	# before the report: who sees that may stop this attempt at once
	context.save_checkpoint({"slept": True})
	context.update_progress(50)
	if is_first:
		time.sleep(context.parameters["seconds"])


def sleep_always(context: JobContext) -> None:
	"""Write people, report 50 % and sleep, in each attempt."""
	write_people(context)
	context.update_progress(50)
	time.sleep(context.parameters["seconds"])


def loop(context: JobContext) -> None:
	"""Keep the interpreter busy."""
	write_people(context)
	end = time.monotonic() + context.parameters["seconds"]
	while time.monotonic() < end:
		pass


def read_a_silent_socket(context: JobContext) -> None:
	write_people(context)
	silent, _other = socket.socketpair()
	silent.recv(1)


def wait_for_the_database(context: JobContext) -> None:
	"""Write people, report 50 % and send a statement that sleeps on the server."""
	write_people(context)
	report_half(context)
	frappe.db.sql("select sleep(%s)", (context.parameters["seconds"],))


def swallow_everything(context: JobContext) -> None:
	"""Write people, report 50 % and go on, whatever is raised and whenever."""
	end, steps = time.monotonic() + context.parameters["seconds"], [write_people, report_half]
	while time.monotonic() < end:
		with suppress(BaseException):
			while steps:
				steps[0](context)
				steps.pop(0)
			time.sleep(1)


def swallow_everything_with_its_row_locked(context: JobContext) -> None:
	"""The engine's own record of the timeout would wait for that lock."""
	frappe.db.sql("select name from `tabBackground Job` where name = %s for update", (context.job_id,))
	frappe.db.sql("insert into tabPerson (name, first_name) values (uuid(), 'written by a test')")
	end = time.monotonic() + context.parameters["seconds"]
	while time.monotonic() < end:
		with suppress(BaseException):
			time.sleep(1)


def report_half(context: JobContext) -> None:
	context.update_progress(50)


def swallow_exceptions_and_commit(context: JobContext) -> None:
	"""As `swallow_everything`, only exceptions, while it submits jobs all the time."""
	end, is_written = time.monotonic() + context.parameters["seconds"], False
	while time.monotonic() < end:
		with suppress(Exception):
			if not is_written:
				write_people(context)
				is_written = True
			submit_job(context.job_type, context.organization, {"mode": "succeed", "at": time.monotonic()})


def query_the_database_once(context: JobContext) -> None:
	"""Write people, report 50 % and, in the first attempt only, go on asking the database for `seconds`."""
	write_people(context)
	context.update_progress(50)
	if context.checkpoint:
		return
	context.save_checkpoint({"asked": True})
	end = time.monotonic() + context.parameters["seconds"]
	while time.monotonic() < end:
		frappe.db.sql("select 'the handler asks', sleep(0.5)")


def raise_while_a_callback_of_the_rollback_sleeps(context: JobContext) -> None:
	write_people(context)
	frappe.db.after_rollback.add(partial(time.sleep, 600))
	raise TransientError("and it is undone for ever")


def return_a_large_number(context: JobContext) -> dict:
	"""Larger than a float can be; and a sum with a parameter, which must be exact."""
	return {"result": {"huge": 10**400, "next": context.parameters["number"] + 1}}


def leave_a_mess(context: JobContext) -> None:
	"""Change what the next job of the same process must not find; and fail, if `fails`."""
	frappe.db.sql("set @mess = 1, session sql_mode = ''")
	frappe.db.sql("select get_lock('mess', 0)")
	frappe.db.sql("create temporary table mess (n int)")
	frappe.db.after_commit.add(partial(setattr, frappe.local, "mess_committed", True))
	frappe.cache.get_value("mess_in_locals", lambda: 1)
	frappe.cache.delete_value("mess_in_locals")
	frappe.local.cache["mess"] = frappe.local.mess = frappe.flags.mess = 1
	frappe.local.conf.mess = frappe.local.form_dict["mess"] = 1
	frappe.local.lang = "de"
	frappe.flags.in_import = frappe.flags.mute_emails = True
	frappe.msgprint("mess")
	frappe.set_user("Administrator")
	os.environ["MESS"] = "1"
	os.chdir("/")
	os.umask(0o077)
	socket.setdefaulttimeout(0.001)
	for number in (signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
		signal.signal(number, signal.SIG_IGN)
	signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGALRM, signal.SIGTERM))
	os.environ["TZ"] = "Asia/Tokyo"
	time.tzset()
	sys.setrecursionlimit(sys.getrecursionlimit() + 1)
	signal.setitimer(signal.ITIMER_REAL, 0.2)
	if context.parameters.get("fails"):
		raise TransientError("after the mess")


def break_frappe(context: JobContext) -> None:
	"""Write people, which nothing commits, and do to Frappe's context what `breaks` names."""
	breaks, site = context.parameters["breaks"], frappe.local.site
	frappe.get_doc({"doctype": "Person", "first_name": "written by a test"}).insert(ignore_permissions=True)
	if breaks in ("destroy", "destroy and enter"):
		frappe.destroy()
	if breaks == "destroy and enter":
		frappe.init(site=site)
		frappe.connect()
	if breaks == "close":
		frappe.db.close()
	if breaks == "another connection":
		frappe.connect()
	if breaks == "no connection":
		frappe.local.db = None
	if breaks == "another site":
		frappe.local.site = "another.site"
	if breaks == "no session":
		frappe.local.session = None
	if breaks == "no locals":
		for name in list(dict(frappe.local)):
			delattr(frappe.local, name)


def break_the_process(context: JobContext) -> None:
	"""What `breaks` names, in a way that not everybody can put back."""
	BREAKING[context.parameters["breaks"]]()
	# as a profiler does that is not turned off
	signal.signal(signal.SIGPROF, lambda *_signal: None)
	signal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)


def leave_a_folder_that_is_gone() -> None:
	with tempfile.TemporaryDirectory() as folder:
		os.chdir(folder)


def close_descriptors() -> None:
	os.close(0)
	os.close(1)


def become_nobody() -> None:
	if os.geteuid() == 0:
		os.seteuid(65534)


BREAKING: dict[str, Callable[[], object]] = {
	"folder": leave_a_folder_that_is_gone,
	"limits": partial(resource.setrlimit, resource.RLIMIT_NOFILE, (10, 10)),
	"rights": lambda: setattr(os, "nice", refuse),
	"user": become_nobody,
	"descriptors": close_descriptors,
	"closed stream": lambda: sys.stdout.close(),
	"no stream": lambda: delattr(sys, "stdout"),
	"a stream that is equal to anything": lambda: setattr(sys, "stdout", ANY),
	"environment": lambda: setattr(os, "environ", None),
	"digits": partial(sys.set_int_max_str_digits, 640),
	"stacks": partial(threading.stack_size, 1 << 44),
	"hook": lambda: setattr(sys, "unraisablehook", refuse),
	"watchdog": partial(faulthandler.dump_traceback_later, 0.3, exit=True),
}


def speak(context: JobContext) -> None:
	"""What needs a process as it should be: streams, threads, files, numbers, time."""
	print("the next job", os.environ.get("HOME"), str(10**1000), flush=True)
	thread = threading.Thread(target=time.sleep, args=(0.5,))
	thread.start()
	thread.join()
	with open(frappe.get_site_path("private", "spoken"), "w") as file:
		file.write("by the next job")
	os.unlink(file.name)
	write_people(context)


def mess_later(context: JobContext) -> None:
	"""Have something changed after the handler has returned or raised; `where` names when."""
	where = context.parameters["where"]
	if where == "before the commit":
		frappe.db.before_commit.add(mess)
	if where == "after the commit":
		frappe.db.after_commit.add(mess)
	if where == "after the job":
		frappe.local.job.after_job.add(mess)
	if where == "when it is collected":
		frappe.local.of_a_test = MessyEnd()
	if where == "in the words of its error":
		raise MessyWords
	if where == "after the rollback":
		frappe.db.after_rollback.add(mess)
		raise TransientError("undo it")


def mess() -> None:
	os.environ["MESS"] = "1"
	os.umask(0o077)
	sys.setrecursionlimit(sys.getrecursionlimit() + 1)
	signal.signal(signal.SIGTERM, signal.SIG_IGN)


class MessyWords(Exception):
	def __str__(self) -> str:
		mess()
		return "with words"


class MessyEnd:
	def __del__(self) -> None:
		mess()


def fork_later(context: JobContext) -> None:
	"""Fork where `where` names; the child comes back as well."""
	where = context.parameters["where"]
	if where == "after the job":
		frappe.local.job.after_job.add(os.fork)
	else:
		getattr(frappe.db, where).add(os.fork)
	if where.endswith("rollback"):
		raise PermanentError("undo it")


def note_call(context: JobContext) -> None:
	"""Have an effect elsewhere, which nothing undoes."""
	frappe.cache.rpush("calls_of_a_test", context.job_id)


class SlowAnswers(Exception):
	@property
	def response(self) -> None:
		time.sleep(600)


class ForkingWords(Exception):
	def __str__(self) -> str:
		os.fork()
		return "in two processes"


def raise_an_odd_error(context: JobContext) -> None:
	raise {"slow": SlowAnswers, "forking": ForkingWords}[context.parameters["error"]]


def stay_after_the_job(context: JobContext) -> None:
	frappe.local.job.after_job.add(partial(time.sleep, 600))


def silence_the_logs(context: JobContext) -> None:
	logging.config.dictConfig({"version": 1})


def refuse(*_arguments: object) -> None:
	raise PermissionError("as for who may not do it")


def roll_back_before_the_commit(context: JobContext) -> None:
	frappe.db.before_commit.add(frappe.db.rollback)


def look_around(context: JobContext) -> dict:
	"""What `leave_a_mess` may have left."""
	umask = os.umask(0o022)
	os.umask(umask)
	seen = {
		"user": frappe.session.user,
		"lang": frappe.local.lang,
		"flags": {name: value for name, value in frappe.flags.items() if value},
		"locals": [name for name in ("mess", "mess_committed") if hasattr(frappe.local, name)],
		"mess": [
			"mess" in frappe.local.cache,
			"mess" in frappe.local.conf,
			"mess" in frappe.local.form_dict,
		],
		"messages": len(frappe.local.message_log),
		"session": frappe.db.sql("select @mess, @@sql_mode, is_free_lock('mess')")[0],
		"environment": sorted(os.environ),
		"folder": os.getcwd(),
		"umask": umask,
		"socket_timeout": socket.getdefaulttimeout(),
		"signals": [
			signal.getsignal(number).__class__.__name__ for number in (signal.SIGUSR1, signal.SIGTERM)
		],
		"blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
		"zone": time.tzname,
		"levels": sys.getrecursionlimit(),
		"time_limit": round(signal.getitimer(signal.ITIMER_REAL)[0]),
		"hooks": frappe.local.job.method,
	}
	frappe.db.sql("create temporary table mess (n int)")
	return {"result": {"seen": seen, "process": os.getpid()}}


def soak(context: JobContext) -> None:
	"""Write one person, named after the job, and then do what `parameters.kind` names."""
	name = f"written by a test {context.job_id}"
	frappe.get_doc({"doctype": "Person", "first_name": name}).insert(ignore_permissions=True)
	kind = context.parameters["kind"]
	if kind == "flaky" and not context.checkpoint:
		context.save_checkpoint({"failed": True})
		raise TransientError("once")
	if kind == "fail":
		raise PermanentError("for good")
	if kind in ("sleep", "time_out"):
		time.sleep(30 if kind == "time_out" else 0.5)


# what apps are told of in the tests of it
ended: list = []


def note_the_end(job: frappe.model.document.Document) -> None:
	ended.append(job)


def raise_at_the_end(job: frappe.model.document.Document) -> None:
	write_a_person(f"written by a test at the end of {job.name}")
	raise ConnectionError("at the end")


MODES: dict[str, Callable] = {
	function.__name__: function
	for function in (
		succeed,
		log_lines,
		describe_context,
		tell_of_parents,
		tell_of_the_group,
		fan_out,
		fan_out_a_flow,
		fan_out_after_a_suspension,
		submit_after_a_cancel,
		submit_after_the_commit,
		submit_after_what_is_named,
		fan_out_in_a_step,
		fan_out_in_a_thread,
		write_people,
		write_people_and_raise,
		go_on_after_a_deadlock,
		make_its_commit_do_nothing,
		set_the_time,
		report_what_cannot_be_told,
		return_a_forged_reference,
		raise_permanent,
		raise_validation,
		leave_a_name_out,
		want_a_parameter,
		raise_unknown,
		raise_a_file_name,
		raise_exit,
		raise_canceled,
		raise_at_length,
		raise_wordless,
		raise_what_is_named,
		raise_in_a_broken_transaction,
		raise_before_commit,
		leave_the_process,
		fork_and_come_back,
		start_processes,
		raise_retry_after,
		snooze_twice,
		be_alone_for_a_customer,
		snooze_for_what_is_named,
		return_nonsense,
		return_a_dict_as_reference,
		return_what_is_too_deep,
		keep_what_is_too_deep,
		shrug_off_the_timeout,
		translate_the_timeout,
		translate_the_stop,
		use_the_alarm,
		hurry,
		report_and_wait,
		report_from_threads,
		hold_a_lock_and_report,
		checkpoint_and_raise,
		tell_the_key,
		turn_pages,
		stay_at_a_page,
		wait_for_cancel,
		sleep,
		raise_after_commit,
		write_people_and_sleep_once,
		sleep_always,
		loop,
		read_a_silent_socket,
		wait_for_the_database,
		swallow_everything,
		swallow_exceptions_and_commit,
		swallow_everything_with_its_row_locked,
		query_the_database_once,
		leave_a_mess,
		break_frappe,
		break_the_process,
		roll_back_before_the_commit,
		raise_while_a_callback_of_the_rollback_sleeps,
		return_a_large_number,
		look_around,
		speak,
		mess_later,
		fork_later,
		note_call,
		stay_after_the_job,
		raise_an_odd_error,
		silence_the_logs,
		say,
		soak,
	)
}


async def is_a_coroutine(context: JobContext) -> None:
	"""No handler: nothing would run it."""


def is_a_generator(context: JobContext) -> Iterator[None]:
	"""No handler: nothing would run it."""
	yield


def takes_nothing() -> None:
	"""No handler: takes no context."""


def takes_too_much(context: JobContext, more: int) -> None:
	"""No handler: takes more than a context."""


NO_FUNCTION = "no handler: a text"

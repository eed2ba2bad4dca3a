"""What a handler changes of its process is put back, and no alarm of it is left."""

import asyncio
import gc
import io
import locale
import logging
import os
import random
import resource
import signal
import socket
import sys
import threading
import time
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dartwing.dartwing_core.background_jobs.errors import JobTimeoutError
from dartwing.dartwing_core.background_jobs.execution import surroundings
from dartwing.dartwing_core.background_jobs.execution.surroundings import Surroundings
from dartwing.dartwing_core.background_jobs.execution.time_limit import TimeLimit


def seen() -> dict[str, object]:
	umask = os.umask(0)
	os.umask(umask)
	return {
		"environment": dict(os.environ),
		"zone": time.tzname,
		"folder": os.getcwd(),
		"umask": umask,
		"socket_timeout": socket.getdefaulttimeout(),
		"levels": sys.getrecursionlimit(),
		"handler": signal.getsignal(signal.SIGUSR1),
		"blocked": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
		"file size": resource.getrlimit(resource.RLIMIT_FSIZE),
		"output": sys.stdout,
		"modules": list(sys.path),
		"trace": sys.gettrace(),
		"profile": sys.getprofile(),
		"trace of threads": threading.gettrace(),
		"garbage": (gc.isenabled(), gc.get_threshold()),
		"digits": sys.get_int_max_str_digits(),
		"stacks": surroundings.stack_size(),
		"processors": os.sched_getaffinity(0),
		"hook": sys.unraisablehook,
		"arguments": list(sys.argv),
		"memory": tracemalloc.is_tracing(),
		"locale": locale.setlocale(locale.LC_ALL),
		"warnings": list(warnings.filters),
		"logging": logging.root.manager.disable,
		"loggers": logging.Logger.callHandlers,
		"records": logging.getLogRecordFactory(),
		"random": random.getstate(),
		"garbage callbacks": list(gc.callbacks),
		"generators": sys.get_asyncgen_hooks(),
		"coroutines": sys.get_coroutine_origin_tracking_depth(),
		"policy": os.sched_getscheduler(0),
		**({"tools": surroundings.monitoring_tools()} if surroundings.MONITORING else {}),
	}


def change_everything(folder: Path) -> None:
	os.environ["TZ"] = "Asia/Tokyo"
	gc.callbacks.append(lambda phase, info: None)
	sys.set_asyncgen_hooks(firstiter=lambda generator: None)
	sys.set_coroutine_origin_tracking_depth(3)
	os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
	if surroundings.MONITORING:
		surroundings.MONITORING.use_tool_id(3, "left by a handler")
		surroundings.MONITORING.set_events(3, surroundings.MONITORING.events.LINE)
	time.tzset()
	os.chdir(folder)
	os.umask(0o077)
	socket.setdefaulttimeout(0.001)
	sys.setrecursionlimit(sys.getrecursionlimit() + 1)
	signal.signal(signal.SIGUSR1, signal.SIG_IGN)
	signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
	_soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
	resource.setrlimit(resource.RLIMIT_FSIZE, (2**30, hard))
	sys.stdout = io.StringIO()
	sys.path.insert(0, str(folder))
	sys.settrace(look_at_nothing)
	sys.setprofile(look_at_nothing)
	threading.settrace(look_at_nothing)
	gc.disable()
	gc.set_threshold(1, 2, 3)
	sys.set_int_max_str_digits(sys.get_int_max_str_digits() + 1)
	threading.stack_size(2**20)
	os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
	sys.unraisablehook = look_at_nothing
	sys.argv.append("more")
	tracemalloc.start()
	locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) == "C" else "C")
	warnings.simplefilter("error")
	logging.disable(logging.CRITICAL)
	logging.Logger.callHandlers = None
	logging.setLogRecordFactory(look_at_nothing)
	random.seed(1)


def look_at_nothing(*_arguments: object) -> None:
	"""A trace function."""


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_as_it_was(tmp_path, fails):
	before = seen()
	try:
		with Surroundings().kept():
			change_everything(tmp_path)
			unchanged = [name for name, value in before.items() if seen()[name] == value]
			# a machine may have one processor only
			assert unchanged in ([], ["processors"])
			if fails:
				raise ValueError
	except ValueError:
		assert fails
	assert seen() == before


def test_everything_is_put_back_before_a_signal_that_waited_raises(tmp_path):
	def interrupt(*_signal: object) -> None:
		raise InterruptedError

	handler = signal.signal(signal.SIGUSR2, interrupt)

	@Surroundings().kept()
	def hold_a_signal_back() -> None:
		change_everything(tmp_path)
		signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
		signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)

	before = seen()
	try:
		with pytest.raises(InterruptedError):
			hold_a_signal_back()
		assert seen() == before
	finally:
		signal.signal(signal.SIGUSR2, handler)


def test_an_alarm_that_was_held_back_is_not_that_of_whoever_comes_next():
	raised = []
	handler = signal.signal(signal.SIGALRM, lambda *_signal: raised.append(True))
	try:
		with Surroundings().kept(), TimeLimit(60).enforced():
			signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
			# to this thread alone: another one of the process would take it
			signal.pthread_kill(threading.get_ident(), signal.SIGALRM)
			assert signal.SIGALRM in signal.sigpending()
		assert not raised
		assert signal.SIGALRM not in signal.sigpending()
	finally:
		signal.signal(signal.SIGALRM, handler)


def test_an_alarm_of_somebody_else_is_no_time_limit():
	"""It may even have taken the place of the limit's own: there is one timer only."""
	limit = TimeLimit(0.6)
	began = time.monotonic()

	@limit.enforced()
	def set_an_alarm_and_sleep() -> None:
		signal.setitimer(signal.ITIMER_REAL, 0.05)
		time.sleep(5)

	with pytest.raises(JobTimeoutError):
		set_an_alarm_and_sleep()
	assert time.monotonic() - began > 0.4
	assert limit.has_interrupted


def test_what_cannot_be_read_spoils_the_process_and_nothing_else(monkeypatch, tmp_path):
	monkeypatch.setattr(surroundings, "_is_spoiled", False)
	monkeypatch.setattr(surroundings, "STATES", ((refuse, refuse), *surroundings.STATES))
	folder = os.getcwd()
	with Surroundings().kept():
		os.chdir(tmp_path)
	assert surroundings.is_spoiled()
	assert os.getcwd() == folder


async def do_nothing() -> None:
	pass


def leave_a_thread() -> None:
	threading.Timer(0.5, str).start()


def leave_an_event_loop() -> None:
	"""With a task that goes on as soon as somebody else runs the loop."""
	loop = asyncio.new_event_loop()
	asyncio.set_event_loop(loop)
	task = loop.create_task(asyncio.sleep(60))
	loop.run_until_complete(do_nothing())
	task.cancel()


def leave_nothing() -> None:
	asyncio.run(do_nothing())
	with ThreadPoolExecutor(2) as pool:
		list(pool.map(str, range(10)))
	of_the_engine = threading.Timer(0.5, str)
	of_the_engine.name = f"{surroundings.OF_THE_ENGINE}progress"
	of_the_engine.start()


@pytest.mark.parametrize(
	("work", "spoils"), [(leave_a_thread, True), (leave_an_event_loop, True), (leave_nothing, False)]
)
def test_work_that_goes_on_beside_the_next_job_spoils_the_process(monkeypatch, work, spoils):
	monkeypatch.setattr(surroundings, "_is_spoiled", False)
	asyncio.set_event_loop(None)
	with Surroundings().kept():
		work()
	asyncio.set_event_loop(None)
	assert surroundings.is_spoiled() == spoils


def refuse(*_value: object) -> None:
	raise AttributeError

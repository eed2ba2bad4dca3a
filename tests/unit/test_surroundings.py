"""What a handler changes of its process is put back, and no alarm of it is left."""

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
import warnings
from pathlib import Path

import pytest

from dartwing.dartwing_core.background_jobs.execution.surroundings import surroundings_kept
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
		"locale": locale.setlocale(locale.LC_ALL),
		"warnings": list(warnings.filters),
		"logging": logging.root.manager.disable,
		"random": random.getstate(),
	}


def change_everything(folder: Path) -> None:
	os.environ["TZ"] = "Asia/Tokyo"
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
	locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) == "C" else "C")
	warnings.simplefilter("error")
	logging.disable(logging.CRITICAL)
	random.seed(1)


def look_at_nothing(*_arguments: object) -> None:
	"""A trace function."""


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_as_it_was(tmp_path, fails):
	before = seen()
	try:
		with surroundings_kept():
			change_everything(tmp_path)
			assert all(seen()[name] != value for name, value in before.items())
			if fails:
				raise ValueError
	except ValueError:
		assert fails
	assert seen() == before


def test_everything_is_put_back_before_a_signal_that_waited_raises(tmp_path):
	def interrupt(*_signal: object) -> None:
		raise InterruptedError

	@surroundings_kept()
	def hold_a_signal_back() -> None:
		change_everything(tmp_path)
		signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
		signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)

	handler = signal.signal(signal.SIGUSR2, interrupt)
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
		with surroundings_kept(), TimeLimit(60).enforced():
			signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
			# to this thread alone: another one of the process would take it
			signal.pthread_kill(threading.get_ident(), signal.SIGALRM)
			assert signal.SIGALRM in signal.sigpending()
		assert not raised
		assert signal.SIGALRM not in signal.sigpending()
	finally:
		signal.signal(signal.SIGALRM, handler)

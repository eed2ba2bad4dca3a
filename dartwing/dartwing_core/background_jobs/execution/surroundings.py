"""What belongs to the process and not to Frappe's context, put back as soon as a handler is done.

The engine writes its logs and opens its connections in the same process, and the next job runs there.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}


class Surroundings:
	"""What a process has: signal handlers and mask, folder, umask, environment, time-outs, recursion limit.

	What a handler leaves in modules, and threads that it started, stay until the horse ends.
	"""

	def __init__(self) -> None:
		self._handlers = {number: signal.getsignal(number) for number in signal.valid_signals() - UNCATCHABLE}
		self._folder = os.getcwd()
		self._environment = dict(os.environ)
		self._umask = os.umask(0)
		os.umask(self._umask)
		self._socket_timeout = socket.getdefaulttimeout()
		self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
		self._levels = sys.getrecursionlimit()

	def restore(self) -> None:
		for number, handler in self._handlers.items():
			# None means: set by foreign code, and Python cannot put it back
			if handler is not None and signal.getsignal(number) is not handler:
				signal.signal(number, handler)
		sys.setrecursionlimit(self._levels)
		os.chdir(self._folder)
		os.umask(self._umask)
		socket.setdefaulttimeout(self._socket_timeout)
		if os.environ != self._environment:
			os.environ.clear()
			os.environ.update(self._environment)
			# the time zone is read from the environment
			time.tzset()
		# last of all: a signal that waited may raise from here
		signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)


@contextmanager
def surroundings_kept() -> Iterator[None]:
	"""Put back what the block changes of the process, however it ends."""
	before = Surroundings()
	try:
		yield
	finally:
		before.restore()

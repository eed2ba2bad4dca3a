"""What belongs to the process and not to Frappe's context, put back between two jobs of one horse."""

import os
import signal
import socket
import sys
import time

UNCATCHABLE = {signal.SIGKILL, signal.SIGSTOP}


class Surroundings:
	"""Signal handlers and mask, folder, umask, environment, socket timeout, recursion limit as they are now.

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
			# None: set by foreign code, which Python cannot put back
			if handler is not None and signal.getsignal(number) is not handler:
				signal.signal(number, handler)
		signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
		sys.setrecursionlimit(self._levels)
		os.chdir(self._folder)
		os.umask(self._umask)
		socket.setdefaulttimeout(self._socket_timeout)
		if os.environ != self._environment:
			os.environ.clear()
			os.environ.update(self._environment)
			# the time zone is read from it
			time.tzset()

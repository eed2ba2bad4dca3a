"""The processes that a handler starts: they end with an attempt that is stopped.

Found are children and their children, also with sessions of their own, and processes in this process's group
whose parents have ended (RQ gives each horse a group of its own). Not found is a process that made a session
of its own and whose parent has ended: daemons do that on purpose.
"""

import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil

# how often to look for processes that were started while the others were being stopped
MAX_ROUNDS = 10
SECONDS_TO_GO = 5


class Offspring:
	"""Processes that this one starts from now on. What it has by now, with sessions of its own, is left
	alone.
	"""

	def __init__(self) -> None:
		# set by whatever stops the handler, even if the handler ignores it
		self.must_end = False
		self._before = set(descendants()) if has_children() else set()

	def end(self) -> None:
		"""Kill all of these processes, and wait until they are gone."""
		found: set[psutil.Process] = set()
		for _round in range(MAX_ROUNDS):
			new = {*descendants(), *group_members()} - self._before - found
			if not new:
				break
			# stopped first, so that none of them starts another one meanwhile
			send(signal.SIGSTOP, new)
			found |= new
		send(signal.SIGKILL, found)
		give_up_at = time.monotonic() + SECONDS_TO_GO
		while any(map(is_running, found)) and time.monotonic() < give_up_at:
			time.sleep(0.01)

	def end_with_this_process(self) -> None:
		"""As `end`, and then this process itself, with its group if that is its own."""
		try:
			self.end()
		finally:
			if leads_its_group():
				os.killpg(os.getpid(), signal.SIGKILL)
			os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def children_end_here() -> Iterator[None]:
	"""A process that is forked in the block, and comes to its end as well, ends there.

	The job belongs to its parent, and so do the connections that it was born with.
	"""
	process = os.getpid()
	try:
		yield
	finally:
		if os.getpid() != process:
			traceback.print_exc()
			os._exit(1)


def has_children() -> bool:
	"""Whether there is any. Asked before each job, because to look at all processes takes milliseconds."""
	if not hasattr(os, "waitid"):
		return True
	try:
		os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
	except ChildProcessError:
		return False
	return True


def descendants() -> list[psutil.Process]:
	return what_is_left_of(partial(psutil.Process().children, recursive=True)) or []


def group_members() -> Iterator[psutil.Process]:
	"""The other processes of this one's group; none where the group is a shell's or a worker's."""
	if leads_its_group():
		for process in psutil.process_iter():
			if process.pid != os.getpid() and group_of(process.pid) == os.getpid():
				yield process


def leads_its_group() -> bool:
	return os.getpgrp() == os.getpid()


def group_of(pid: int) -> int:
	return what_is_left_of(os.getpgid, pid)


def send(number: signal.Signals, processes: set[psutil.Process]) -> None:
	for process in processes:
		what_is_left_of(process.send_signal, number)


def is_running(process: psutil.Process) -> bool:
	"""Whether the process runs; one that has ended, and waits for its parent to ask how, does not."""
	return what_is_left_of(process.status) not in (None, psutil.STATUS_ZOMBIE)


def what_is_left_of(call: Callable, *arguments: object) -> Any:
	"""What the call returns; None for a process that has ended meanwhile, or is another user's."""
	try:
		return call(*arguments)
	except (psutil.Error, ProcessLookupError, PermissionError):
		return None

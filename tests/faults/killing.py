"""Processes that die between two statements: the first before the first, the next one later, and so on."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from unittest.mock import patch

import frappe
from factories import second_connection, wait_until
from frappe.database.database import Database


def deaths(action: Callable[[], object], most: int = 400) -> Iterator[int]:
	"""Run the action in processes of their own, the first killed before its first statement, and so on.

	Yields after each death, when the server has undone what was not committed; the last one is not killed.
	Whoever iterates sets up anew what the action needs before the next round.
	"""
	for number in range(1, most):
		before = connections()
		is_killed = _killed_before(number, action)
		wait_until(lambda: connections() <= before, "the server has seen that it died")  # noqa: B023
		yield number
		if not is_killed:
			return
	raise AssertionError(f"it sends more than {most} statements")


def connections() -> set[int]:
	frappe.db.rollback()
	query = "select id from information_schema.processlist where db = database()"
	return set(frappe.db.sql(query, pluck=True))


def _killed_before(number: int, action: Callable[[], object]) -> bool:
	frappe.db.rollback()
	pid = os.fork()
	if not pid:
		_live_until(number, action)
	_pid, status = os.waitpid(pid, 0)
	if os.WIFSIGNALED(status):
		assert os.WTERMSIG(status) == signal.SIGKILL
		return True
	assert os.WEXITSTATUS(status) == 0, "the action failed; its traceback is in the output"
	return False


def _live_until(number: int, action: Callable[[], object]) -> None:
	left = number
	execute = Database.sql

	def sql(self: Database, *arguments: object, **named: object) -> object:
		nonlocal left
		left -= 1
		if not left:
			os.kill(os.getpid(), signal.SIGKILL)
		return execute(self, *arguments, **named)

	try:
		# that of the parent must not even be closed
		with second_connection(), patch.object(Database, "sql", sql):
			action()
	except BaseException:
		traceback.print_exc()
		sys.stderr.flush()
		os._exit(1)
	os._exit(0)

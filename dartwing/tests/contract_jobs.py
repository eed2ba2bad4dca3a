"""What the contract's tests have a worker do; it leaves its traces in the cache and in Contract Items."""

import os
import signal
import socket
import threading
import time
from typing import Any

import frappe
from rq import get_current_job


def key_of(mark: str) -> str:
	return f"contract:{mark}"


def leave(mark: str, value: Any) -> None:
	frappe.cache.set_value(key_of(mark), value, expires_in_sec=300)


def describe(mark: str, **kwargs: Any) -> dict:
	seen = {
		"site": frappe.local.site,
		"user": frappe.session.user,
		"kwargs": kwargs,
		"in_main_thread": threading.current_thread() is threading.main_thread(),
		"rq_job": get_current_job().id,
		"method": frappe.local.job.method,
		"flags": dict(frappe.flags).get("contract"),
		"has_request": bool(getattr(frappe.local, "request", None)),
		"process": os.getpid(),
	}
	leave(mark, seen)
	return seen


def set_flag(mark: str) -> None:
	"""What one job leaves in frappe.flags must not reach the next one."""
	frappe.flags.contract = mark
	describe(mark)


def write(title: str) -> None:
	frappe.get_doc({"doctype": "Contract Item", "title": title}).insert()


def write_and_raise(title: str) -> None:
	write(title)
	raise ZeroDivisionError(title)


def write_commit_and_raise(title: str) -> None:
	write(f"{title} kept")
	frappe.db.commit()
	write_and_raise(f"{title} undone")


def write_and_wait(title: str, mark: str, seconds: float) -> None:
	write(title)
	leave(mark, "started")
	time.sleep(seconds)


def wait_in_python(title: str, mark: str, seconds: float) -> None:
	write(title)
	end = time.monotonic() + seconds
	while time.monotonic() < end:
		pass


def wait_for_socket(title: str, mark: str, seconds: float) -> None:
	write(title)
	ours, _theirs = socket.socketpair()
	ours.settimeout(seconds)
	ours.recv(1)


def kill_horse(mark: str) -> None:
	leave(mark, "started")
	os.kill(os.getpid(), signal.SIGKILL)


def raise_once_for_retry(mark: str, title: str) -> None:
	"""Ask Frappe to try again in place, once."""
	users = [*(frappe.cache.get_value(key_of(mark)) or []), frappe.session.user]
	leave(mark, users)
	if len(users) == 1:
		write(f"{title} undone")
		raise frappe.RetryBackgroundJobError
	write(title)


def when_failed(job: Any, connection: Any, *error: Any) -> None:
	"""RQ failure callback; it has no site."""
	connection.set(f"{job.id}:failed", error[0].__name__, ex=300)


def when_done(job: Any, connection: Any, result: Any) -> None:
	"""RQ success callback."""
	connection.set(f"{job.id}:done", "yes", ex=300)

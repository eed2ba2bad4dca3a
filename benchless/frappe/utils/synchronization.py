"""Locks between processes."""

import os
from contextlib import contextmanager

from filelock import FileLock, Timeout

import frappe
from frappe.utils.file_lock import LockTimeoutError


@contextmanager
def filelock(lock_name: str, *, timeout=30, is_global=False):
	"""Hold `<lock_name>.lock` of the site, or of the bench; LockTimeoutError after `timeout` seconds."""
	folder = os.path.join(frappe.utils.get_bench_path(), "config") if is_global else frappe.get_site_path("locks")
	os.makedirs(folder, exist_ok=True)
	path = os.path.abspath(os.path.join(folder, f"{lock_name}.lock"))
	try:
		with FileLock(path, timeout=timeout):
			yield
	except Timeout as error:
		frappe.log_error(f"Filelock: could not get {path}")
		raise LockTimeoutError(f"Could not get the lock {lock_name} ({path}); is another process holding it?") from error

"""Locks between processes."""

import os
from contextlib import contextmanager

import frappe
from filelock import FileLock, Timeout
from frappe._api.unsupported import attributes_of
from frappe.utils.file_lock import LockTimeoutError


@contextmanager
def filelock(lock_name: str, *, timeout=30, is_global=False):
	"""Hold `<lock_name>.lock` of the site, or of the bench; LockTimeoutError after `timeout` seconds."""
	bench_folder = os.path.join(frappe.utils.get_bench_path(), "config")
	folder = bench_folder if is_global else frappe.get_site_path("locks")
	os.makedirs(folder, exist_ok=True)
	path = os.path.abspath(os.path.join(folder, f"{lock_name}.lock"))
	try:
		with FileLock(path, timeout=timeout):
			yield
	except Timeout as error:
		frappe.log_error(f"Filelock: could not get {path}")
		raise LockTimeoutError(f"Another process holds the lock {lock_name} ({path})") from error


__getattr__ = attributes_of(__name__)

"""Locks of the database server by name: for what no row stands for yet.

They belong to a connection, not to its transaction: a rollback keeps them, a lost connection frees
them. Names are the server's, not the site's. Who would close a ring of waiters is told so at once;
unlike a deadlock on rows, that undoes nothing of its transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha1

import frappe


def lock_name(*of_what: str) -> str:
	"""A name for this site's lock of something; at most 64 characters are allowed."""
	text = "\0".join((frappe.local.site, *of_what))
	return "dartwing:" + sha1(text.encode(), usedforsecurity=False).hexdigest()


def acquire(names: Sequence[str], wait_seconds: int) -> bool:
	"""Get all these locks on the current connection, each within the time; False with none of them."""
	held: list[str] = []
	for name in names:
		try:
			got = frappe.db.sql("select get_lock(%s, %s)", (name, wait_seconds))[0][0]
		except frappe.QueryDeadlockError:
			got = None
		if not got:
			release(held)
			return False
		held.append(name)
	return True


def release(names: Sequence[str]) -> None:
	if names:
		frappe.db.sql(f"select {', '.join(['release_lock(%s)'] * len(names))}", tuple(names))


def is_free(name: str) -> bool:
	return bool(frappe.db.sql("select is_free_lock(%s)", (name,))[0][0])


@contextmanager
def held(names: Sequence[str], wait_seconds: int) -> Iterator[bool]:
	"""Hold the locks during the block, which is told whether they could be had in time."""
	got = acquire(names, wait_seconds)
	try:
		yield got
	finally:
		if got:
			release(names)


def hold_until_the_end(names: Sequence[str], wait_seconds: int) -> bool:
	"""Hold the locks until the current transaction is committed or rolled back; False without them."""
	if not acquire(names, wait_seconds):
		return False
	let_go = partial(release, list(names))
	frappe.db.after_commit.add(let_go)
	frappe.db.after_rollback.add(let_go)
	return True

"""Connections to MariaDB."""

import random
import string
from contextlib import contextmanager

import frappe
from frappe.database.database import Database


def get_db(host=None, user=None, password=None, port=None, cur_db_name=None) -> Database:
	"""A connection of its own; it is opened by its first query and has its own transaction."""
	return Database(host, user, password, port, cur_db_name)


@contextmanager
def savepoint(catch: type | tuple[type, ...] = Exception):
	"""Undo what the block wrote if it raises `catch`, and swallow that; other errors pass."""
	name = "".join(random.sample(string.ascii_lowercase, 10))
	frappe.db.savepoint(name)
	try:
		yield
	except catch:
		frappe.db.rollback(save_point=name)
	else:
		frappe.db.release_savepoint(name)

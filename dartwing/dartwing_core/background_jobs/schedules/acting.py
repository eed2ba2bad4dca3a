"""Doing something as another user, and being oneself again, with a session that is as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import frappe


@contextmanager
def acting_as(user: str) -> Iterator[None]:
	"""The block as the user. `frappe.set_user` would change the session of the request itself."""
	if user == frappe.session.user:
		yield
		return
	session, form = frappe.local.session, frappe.local.form_dict
	frappe.local.session = frappe._dict(user=user, sid=user, data=frappe._dict())
	try:
		frappe.set_user(user)
		yield
	finally:
		# forgets what was remembered of the other one's rights
		frappe.set_user(session.user)
		frappe.local.session, frappe.local.form_dict = session, form

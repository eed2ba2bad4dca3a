"""A request as the code of the site sees it, without a web server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from factories import World, acting_as
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request


@contextmanager
def queued(method: str = "frappe.desk.doctype.bulk_update.bulk_update._bulk_action") -> Iterator[None]:
	"""As in a worker that runs a job of Frappe's queue, which a request of alice's has put off."""
	before = getattr(frappe.local, "job", None)
	frappe.local.job = frappe._dict(method=method, user=World.alice)
	try:
		with acting_as(World.alice):
			yield
	finally:
		frappe.local.job = before


@contextmanager
def requested(path: str, method: str = "POST", **form: Any) -> Iterator[Request]:
	"""As in a request of alice's with these arguments, when its user is known."""
	before = getattr(frappe.local, "request", None), frappe.local.form_dict
	frappe.local.request = Request(EnvironBuilder(path=path, method=method).get_environ())
	frappe.local.form_dict = frappe._dict(form)
	try:
		with acting_as(World.alice):
			frappe.local.form_dict = frappe._dict(form)
			yield frappe.local.request
	finally:
		frappe.local.request, frappe.local.form_dict = before
		frappe.local.flags.dartwing_replacement = None

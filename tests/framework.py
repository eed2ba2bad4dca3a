"""Which Frappe the tests run on, for behaviours that differ between its versions.

A test states such a difference as one: what holds on the one version, what on the other.
"""

import re

import frappe

VERSION = tuple(int(part) for part in re.findall(r"\d+", frappe.__version__)[:2])


def since(*version: int) -> bool:
	"""Whether this Frappe is at least the first version on which a behaviour was seen, as (15, 90)."""
	return version <= VERSION


def id_in_rq(job_id: str) -> str:
	"""The id of an RQ job of this site: `site::id` on v15; `site||id`, and no colon in the id, on v16."""
	if since(16):
		return f"{frappe.local.site}||{job_id.replace(':', '|')}"
	return f"{frappe.local.site}::{job_id}"

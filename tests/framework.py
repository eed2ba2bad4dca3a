"""Which Frappe the tests run on, for behaviours that differ between its versions.

A test states such a difference as one: what holds on the one version, what on the other.
"""

import re

import frappe

VERSION = tuple(int(part) for part in re.findall(r"\d+", frappe.__version__)[:2])


def since(*version: int) -> bool:
	"""Whether this Frappe is at least the first version on which a behaviour was seen, as (15, 90)."""
	return version <= VERSION

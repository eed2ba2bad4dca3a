"""Requests about the app's documents get at rows as they are now, whatever MariaDB the site is on.

Frappe v15 reads, locks, changes and deletes in one transaction. A server that refuses rows which others
changed meanwhile, as each step of a job does, would have it answer with the database's error 1020 instead
of a sentence.
"""

import json
import re
from typing import Any
from urllib.parse import unquote

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import ignore_snapshot_from_now_on

DOCTYPES = (
	"Background Job",
	"Job Dependency",
	"Job Engine Settings",
	"Job Execution Log",
	"Job Group",
	"Job Step",
	"Job Tally",
	"Job Type",
	"Org Member",
	"Organization",
	"Person",
)
# its methods, and whatever Frappe is told to do with its documents
OURS = re.compile("|".join([r"dartwing\.", *map(re.escape, DOCTYPES)]))


def before_request() -> None:
	if is_about_us():
		ignore_snapshot_from_now_on()


def is_about_us() -> bool:
	"""Whether the app is named anywhere; a request that only looks like it is served as well."""
	if OURS.search(unquote(frappe.request.path)):
		return True
	return any(OURS.search(text_of(value)) for value in (frappe.local.form_dict or {}).values())


def text_of(value: Any) -> str:
	return value if isinstance(value, str) else json.dumps(value, default=str)

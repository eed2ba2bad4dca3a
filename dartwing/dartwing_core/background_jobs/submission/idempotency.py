"""One job for a request that is sent again, because its sender did not hear the answer: a key says so.

A key belongs to the user who sent it and to the organization. The unique index on `idempotency_hash` decides.
A hash is removed from its job when its time is over, and goes with its job. The rules are those of
draft-ietf-httpapi-idempotency-key-header: the same key with another request is refused (422).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.connections import (
	impatient_transaction,
	separate_transaction,
)
from dartwing.dartwing_core.background_jobs.database.named_locks import Hold
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.dispatch import equal_jobs
from dartwing.dartwing_core.background_jobs.errors import IdempotencyKeyError, refuse_argument
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.background_jobs.submission.checks import JobRequest, check_texts, instant_of
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.doctype.background_job.background_job import BackgroundJob, of_row
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# what every server and proxy lets through in a header: visible ASCII
KEY = re.compile(r"[!-~]{1,255}")
AT_ONCE = 1000


class Keyed(NamedTuple):
	"""The key of one request, and hashes of the key and of the request."""

	argument: str
	key: str
	key_hash: str
	request_hash: str

	def fields(self) -> dict[str, str]:
		"""The fields in which the job keeps the key."""
		return {
			"idempotency_key": self.key,
			"idempotency_hash": self.key_hash,
			"request_hash": self.request_hash,
		}


def keyed(requests: Sequence[JobRequest], places: Sequence[str]) -> dict[int, Keyed]:
	"""The requests that have a key, by their position; each place stands before an argument's name in errors.

	Raises ValidationError for a value that is no key, and for a key that two of the requests have. While the
	settings keep keys for 0 hours, no key is remembered.
	"""
	found: dict[int, Keyed] = {}
	of_hash: dict[str, str] = {}
	for position, (request, place) in enumerate(zip(requests, places, strict=True)):
		if request.idempotency_key is None:
			continue
		one = _keyed(request, place)
		if one.key_hash in of_hash:
			refuse_argument(
				one.argument, _("is the same as {0}").format(of_hash[one.key_hash]), IdempotencyKeyError
			)
		of_hash[one.key_hash] = one.argument
		found[position] = one
	return found if setting("idempotency_hours") else {}


def keyed_flow(
	key: Any, title: str, requests: Sequence[JobRequest], places: Sequence[str], parents: Sequence[Any]
) -> dict[int, Keyed]:
	"""As `keyed`, of a whole flow: its first job keeps the key. `parents` are those of each job."""
	_check_key(key, "idempotency_key")
	of_jobs = [_said(request, place) for request, place in zip(requests, places, strict=True)]
	key_hash = _hash(frappe.session.user, requests[0].organization, key)
	one = Keyed("idempotency_key", key, key_hash, _hash(title, of_jobs, parents))
	return {0: one} if setting("idempotency_hours") else {}


def keyed_schedule(key: Any, organization: str, *said: Any) -> Keyed | None:
	"""As `keyed`, of a new schedule; `said` is all that was asked for."""
	_check_key(key, "idempotency_key")
	key_hash = _hash(frappe.session.user, organization, "schedule", key)
	request_hash = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
	one = Keyed("idempotency_key", key, key_hash, request_hash)
	return one if setting("idempotency_hours") else None


def _keyed(request: JobRequest, place: str) -> Keyed:
	key, argument = request.idempotency_key, f"{place}idempotency_key"
	_check_key(key, argument)
	said = _said(request, place)
	key_hash = _hash(frappe.session.user, request.organization, key)
	return Keyed(argument, str(key), key_hash, _hash(*said))


def _check_key(key: Any, argument: str) -> None:
	if not isinstance(key, str):
		refuse_argument(argument, _("must be a text, not {0}").format(type(key).__name__))
	if not KEY.fullmatch(key):
		reason = _("must be 1 to 255 visible ASCII characters without spaces, not {0}")
		refuse_argument(argument, reason.format(repr(key[:80])))


def _said(request: JobRequest, place: str) -> list[Any]:
	"""What the request says, whichever way it says it."""
	check_texts(request, place)
	due = instant_of(request.scheduled_at, f"{place}scheduled_at")
	return [
		request.job_type,
		request.organization,
		json_objects.serialize_parameters(request.parameters, f"{place}parameters"),
		request.priority,
		request.depends_on if isinstance(request.depends_on, str | None) else request.parents,
		str(due) if due else None,
		*([request.dependency_rule] if request.dependency_rule else []),
		*(
			[["expires_at", str(instant_of(request.expires_at, f"{place}expires_at"))]]
			if request.expires_at
			else []
		),
		*([["dry_run"]] if request.dry_run else []),
	]


def _hash(*said: Any) -> str:
	return sha256(json.dumps(said).encode()).hexdigest()


def take_turn(of_requests: Iterable[Keyed]) -> Hold:
	"""Wait until no other request with one of the keys is under way, and keep later ones waiting.

	Returns a Hold, as `equal_jobs.take_turn` does: a false one when all of the requests turned out to have
	been accepted.
	"""
	hashes = sorted(one.key_hash for one in of_requests)
	hold, _answers = equal_jobs.take_turn(hashes, lambda: len(_committed(hashes)) == len(hashes))
	return hold


def _committed(hashes: Sequence[str]) -> list[str]:
	with separate_transaction():
		return frappe.get_all(
			"Background Job",
			{"idempotency_hash": ("in", hashes), "creation": (">", keep_from())},
			pluck="name",
		)


def find(of_requests: Mapping[int, Keyed]) -> dict[int, BackgroundJob]:
	"""The jobs that were accepted for these keys before, as they are now, by the requests' positions.

	Raises IdempotencyKeyError for a key that came with another request, PermissionError for a job of an
	organization that the user has left. Keys whose time is over are taken back, in a transaction of its own.
	"""
	position_of = {one.key_hash: position for position, one in of_requests.items()}
	jobs: dict[int, BackgroundJob] = {}
	visible: set[str] = set()
	over: list[str] = []
	for row in sorted(_rows(list(position_of)), key=lambda row: row.creation):
		request = of_requests[position_of[row.idempotency_hash]]
		# Whether the user may see the jobs of an organization is asked only once. Members do not see jobs
		# that are older than the organization, of an earlier one of its name. The rows are in the order of
		# their age, so all that come after a visible job are visible, too.
		if row.organization not in visible and _is_visible(row, request):
			visible.add(row.organization)
		if row.organization in visible and row.creation > keep_from():
			jobs[position_of[row.idempotency_hash]] = _accepted_before(row, request)
		else:
			over.append(row.name)
	if over:
		with impatient_transaction():
			_take_back(over)
	return jobs


def _accepted_before(row: frappe._dict, request: Keyed) -> BackgroundJob:
	check_same_request(row, request)
	job = of_row(row)
	job.flags.is_existing = True
	return job


def check_same_request(row: frappe._dict, request: Keyed) -> None:
	if row.request_hash != request.request_hash:
		reason = _("{0} was sent with another request, which became {1}; use a new key for a new request")
		refuse_argument(request.argument, reason.format(repr(request.key), row.name), IdempotencyKeyError)


def _is_visible(row: frappe._dict, request: Keyed) -> bool:
	"""Whether the session's user may see the job; raises PermissionError if they have left its organization.

	A job of a deleted organization is not its former members' any more, also if a new one has its name.
	"""
	place = request.argument.removesuffix("idempotency_key")
	access.check_member(row.organization, f"{place}organization")
	try:
		with uncommitted_reads():
			access.check_visible(row.name)
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		return False
	return True


def _rows(hashes: Sequence[str]) -> list[frappe._dict]:
	"""Whole rows of jobs with these hashes: this transaction's, and those committed before its turn began."""
	columns = ", ".join(f"`{column}`" for column in frappe.get_meta("Background Job").get_valid_columns())
	query = f"select {columns} from `tabBackground Job` where idempotency_hash in %s"
	found: list[frappe._dict] = []
	with uncommitted_reads():
		for start in range(0, len(hashes), AT_ONCE):
			some = hashes[start : start + AT_ONCE]
			found += frappe.db.sql(query, (some,), as_dict=True)
	return found


def keep_from() -> datetime:
	return times.site_now() - timedelta(hours=setting("idempotency_hours"))


def forget_old() -> int:
	"""Remove the keys whose time is over, so that they do not pile up; returns how many.

	Nothing waits for that: wherever a key is looked for, an old one counts as none. Commits each batch.
	"""
	last, count = "", 0
	while rows := _after(last):
		last = rows[-1].idempotency_hash
		old = [row.name for row in rows if row.creation <= keep_from()]
		if old:
			_take_back(old)
		# a batch is small, its locks must not outlive it
		frappe.db.commit()
		count += len(old)
	return count


def _after(last: str) -> list[Any]:
	return frappe.get_all(
		"Background Job",
		{"idempotency_hash": (">", last)},
		["name", "idempotency_hash", "creation"],
		order_by="idempotency_hash asc",
		limit=AT_ONCE,
	)


def _take_back(job_ids: Sequence[str]) -> None:
	query = "update `tabBackground Job` force index (primary) set idempotency_hash = null where name in %s"
	frappe.db.sql(ignoring_snapshot() + query, (list(job_ids),))

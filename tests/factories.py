"""Organizations, people and jobs for the tests, created as users would."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import frappe
from database import as_rows_are
from framework import id_in_rq
from frappe.database import get_db
from frappe.database.database import Database
from frappe.utils.background_jobs import get_queue
from redis.connection import AbstractConnection
from rq.job import Job
from rq.registry import StartedJobRegistry

from dartwing.dartwing_core.background_jobs import get_job_status, submit_job
from dartwing.dartwing_core.background_jobs.database import inserts, times
from dartwing.dartwing_core.background_jobs.dispatch.consequences import follow_end
from dartwing.dartwing_core.background_jobs.execution.attempt import acting_as
from dartwing.dartwing_core.background_jobs.steps import records
from dartwing.dartwing_core.background_jobs.steps.records import Record
from dartwing.dartwing_core.background_jobs.upkeep.former_organizations import PREFIX
from dartwing.testing import records as records_of_tests
from dartwing.testing.jobs import ROWS_OF_JOBS
from dartwing.testing.records import make_member, make_user
from dartwing.tests.records import a_log_part

OBLIGING = "obliging_job"
HANDLER = "dartwing.tests.handlers.obliging_handler"
TYPED_HANDLER = "dartwing.tests.typed_handlers.import_people"
REHEARSED_HANDLER = "dartwing.tests.rehearsed_handlers.act"
HANDLERS = (HANDLER, TYPED_HANDLER, REHEARSED_HANDLER)
# how the first names of people begin that handlers write
MARKER = "written by a test"
# the transitions of a job that failed once, or whose worker died once
RETRIED = [
	(None, "Pending"),
	("Pending", "Queued"),
	("Queued", "Running"),
	("Running", "Failed"),
	("Failed", "Queued"),
	("Queued", "Running"),
	("Running", "Completed"),
]
# a member of Alpha in some tests, with every role but System Manager
CURIOUS = "curious@alpha.example"
QUEUES = ("short", "default", "long")

USERS = {
	# first: Frappe makes the first user of a set-up site without a System Manager one
	"manager@example.com": (None, ["System Manager"]),
	"alice@alpha.example": ("Alpha Test Org", ["Dartwing User"]),
	"adam@alpha.example": ("Alpha Test Org", ["Dartwing User", "Dartwing Admin"]),
	"bob@beta.example": ("Beta Test Org", ["Dartwing User"]),
	"nobody@example.com": (None, ["Dartwing User"]),
}


class World:
	"""Alpha with a member (alice) and an admin (adam), Beta with a member (bob), and outsiders."""

	alpha, beta = "Alpha Test Org", "Beta Test Org"
	# made and deleted by a test
	short_lived = "Short-Lived Test Org"
	organizations = (alpha, beta, short_lived, f"{PREFIX}{short_lived}")
	alice, adam, bob = "alice@alpha.example", "adam@alpha.example", "bob@beta.example"
	nobody, manager = "nobody@example.com", "manager@example.com"

	def create(self) -> None:
		self.remove()
		for name in (self.alpha, self.beta):
			frappe.get_doc({"doctype": "Organization", "org_name": name, "org_type": "Company"}).insert()
		for user, (organization, roles) in USERS.items():
			make_user(user, roles)
			if organization:
				make_member(user, organization)
		make_job_type(OBLIGING, handler_method=HANDLER, deduplication_window=0)
		frappe.db.commit()

	@as_rows_are()
	def remove(self) -> None:
		"""Take away everything of the world that is there, also after a run that was killed."""
		self.clear()
		for organization in self.organizations:
			for member in frappe.get_all("Org Member", {"organization": organization}, pluck="name"):
				purge("Org Member", member)
			purge("Organization", organization)
		for user in USERS:
			for person in frappe.get_all("Person", {"frappe_user": user}, pluck="name"):
				purge("Person", person)
			remove_user(user)
		for name in frappe.get_all("Job Type", {"handler_method": ("in", HANDLERS)}, pluck="name"):
			purge("Job Type", name)
		frappe.db.commit()
		frappe.clear_cache()

	@as_rows_are()
	def clear(self) -> None:
		"""Remove the jobs of both organizations, what they wrote, and what waits in the queues."""
		frappe.db.rollback()
		frappe.set_user("Administrator")
		for organization in self.organizations:
			for job in frappe.get_all("Background Job", {"organization": organization}, pluck="name"):
				remove_file_of(job)
				for doctype in ROWS_OF_JOBS:
					frappe.db.delete(doctype, {"background_job": job})
			frappe.db.delete("Job Execution Log", {"organization": organization})
			frappe.db.delete("Background Job", {"organization": organization})
			frappe.db.delete("Job Group", {"organization": organization})
			for schedule in frappe.get_all("Job Schedule", {"organization": organization}, pluck="name"):
				frappe.db.delete("Job Schedule Slot", {"schedule": schedule})
				purge("Job Schedule", schedule)
			frappe.db.delete("Job Tally", {"organization": organization})
		for name in frappe.get_all(
			"Job Type", {"handler_method": ("in", HANDLERS), "name": ("!=", OBLIGING)}, pluck="name"
		):
			purge("Job Type", name)
			frappe.clear_document_cache("Job Type", name)
		frappe.db.delete("Notification Log", {"for_user": ("in", list(USERS))})
		frappe.db.delete("Person", {"first_name": ("like", f"{MARKER}%")})
		frappe.db.commit()
		for queue in QUEUES:
			# of two of one id, RQ 2 cannot delete the second
			for rq_job in {rq_job.id: rq_job for rq_job in queued_wake_ups(queue)}.values():
				rq_job.delete()


def remove_file_of(job: str) -> None:
	file_url = frappe.db.get_value("Background Job", job, "output_reference")
	if file_url and file_url.startswith("/private/files/"):
		Path(frappe.get_site_path(file_url.lstrip("/"))).unlink(missing_ok=True)
		for file in frappe.get_all("File", {"file_url": file_url}, pluck="name"):
			purge("File", file)


# DocTypes in which Frappe keeps what happened to a document: its doctype's and its name's fields
TRACES = {
	"Version": ("ref_doctype", "docname"),
	"Comment": ("reference_doctype", "reference_name"),
	"Deleted Document": ("deleted_doctype", "deleted_name"),
}


def purge(doctype: str, name: str) -> None:
	"""Delete a row with its traces and without a new one; nothing happens when it is not there."""
	frappe.db.delete(doctype, {"name": name})
	for trace, (doctype_field, name_field) in TRACES.items():
		if frappe.db.table_exists(trace):
			frappe.db.delete(trace, {doctype_field: doctype, name_field: name})


def make_doctype(name: str, **definition: Any) -> None:
	"""A custom DocType, as an administrator makes one in Desk. Commits."""
	frappe.get_doc({"doctype": "DocType", "name": name, "module": "Core", "custom": 1, **definition}).insert()
	frappe.db.commit()
	frappe.clear_cache()


def remove_doctype(name: str) -> None:
	"""Take away a custom DocType, its table and all traces. Commits."""
	for table in ("DocField", "DocPerm"):
		frappe.db.delete(table, {"parent": name})
	frappe.db.delete("Singles", {"doctype": name})
	purge("DocType", name)
	frappe.db.commit()
	frappe.db.sql_ddl(f"drop table if exists `tab{name}`")
	frappe.cache.delete_value("db_tables")
	frappe.clear_cache(doctype=name)


@as_rows_are()
def remove_user(user: str) -> None:
	"""Delete a login, also the last System Manager beside Administrator, whom Frappe would keep."""
	for contact in contacts_of(user):
		for child in ("Contact Email", "Contact Phone", "Dynamic Link"):
			frappe.db.delete(child, {"parent": contact})
		purge("Contact", contact)
	for child in ("Has Role", "User Email", "Block Module", "DefaultValue"):
		if frappe.db.table_exists(child):
			frappe.db.delete(child, {"parent": user})
	if frappe.db.table_exists("DocShare"):
		frappe.db.delete("DocShare", {"user": user})
	for doctype in ("Notification Settings", "User"):
		if frappe.db.table_exists(doctype):
			purge(doctype, user)
	frappe.db.sql("delete from `__Auth` where doctype = 'User' and name = %s", (user,))


def remove_member(user: str) -> None:
	"""Delete a login with its person and memberships, also what a run that was killed left. Commits."""
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for person in frappe.get_all("Person", {"frappe_user": user}, pluck="name"):
		for member in frappe.get_all("Org Member", {"person": person}, pluck="name"):
			purge("Org Member", member)
		purge("Person", person)
	remove_user(user)
	frappe.db.commit()
	frappe.clear_cache()


def contacts_of(user: str) -> list[str]:
	if not frappe.db.table_exists("Contact"):
		return []
	return frappe.get_all("Contact", {"email_id": user}, pluck="name")


def make_job_type(name: str, handler_method: str = HANDLER, **values: Any) -> Any:
	return records_of_tests.make_job_type(name, handler_method, **values)


def submit(
	user: str = World.alice, organization: str = World.alpha, mode: str = "succeed", **parameters: Any
):
	"""Submit and commit a job of the obliging type, which does what `mode` says."""
	with acting_as(user):
		job = submit_job(OBLIGING, organization, {"mode": mode, **parameters})
		frappe.db.commit()
	return job


def submit_as(user: str, job_type: str, organization: str, parameters: dict, **arguments: Any):
	"""Submit a job of any type and commit it."""
	with acting_as(user):
		job = submit_job(job_type, organization, parameters, **arguments)
		frappe.db.commit()
	return job


# a type of jobs whose handler does what `how` says, in steps
STEPPING = "stepping_job"


@contextmanager
def stepping_type(world: World) -> Iterator[None]:
	# a run that was killed may have left it
	purge("Job Type", STEPPING)
	make_job_type(
		STEPPING, handler_method="dartwing.tests.stepping.step_by_step", deduplication_window=0, max_retries=3
	)
	frappe.db.commit()
	yield
	world.clear()
	purge("Job Type", STEPPING)
	frappe.db.commit()


def submit_stepping(how: str, **parameters: Any):
	return submit_as(World.alice, STEPPING, World.alpha, {"how": how, **parameters})


def written_in_steps() -> list[str]:
	"""What steps wrote, in the order of its names; of something that counts twice, both."""
	frappe.db.rollback()
	names = frappe.get_all("Person", {"first_name": ("like", f"{MARKER}: %")}, pluck="first_name")
	return sorted(name.removeprefix(f"{MARKER}: ") for name in names)


# how a job gets to a status from Queued
PATHS = {
	"Running": ("Running",),
	"Completed": ("Running", "Completed"),
	"Failed": ("Running", "Failed"),
	"Timed Out": ("Running", "Timed Out"),
	"Dead Letter": ("Running", "Dead Letter"),
	"Canceled": ("Canceled",),
}


def end(job_id: str, status: str, **changes: Any) -> None:
	"""Bring a job to a status without a worker, with everything that follows from it."""
	frappe.db.rollback()
	job = frappe.get_doc("Background Job", job_id)
	for step in PATHS[status] if job.status == "Queued" else PATHS[status][-1:]:
		job.transition_to(step, **(changes if step == status else {}))
	follow_end(job)
	frappe.db.commit()


def keep_step(job_id: str, step: str, position: int = 1, **values: Any) -> None:
	"""A step of a job, as a worker keeps it; done, unless `values` say otherwise."""
	values = {"is_done": True, "seconds": 2.5, **values}
	records.keep(job_id, Record(step, position, 1, times.site_now(), **values))
	frappe.db.commit()


def keep_log(job_id: str, lines: list[str], attempt: int = 1, first: int = 1) -> str:
	"""The name of a part of the job's log, with these lines; commits."""
	name = a_log_part(job_id, lines, attempt, first)
	frappe.db.commit()
	return name


def keep_start(job_id: str) -> str:
	"""A start of a job of a type that limits them, as its claim writes it."""
	name = frappe.generate_hash(length=16)
	now = times.site_now()
	row = (name, "Administrator", now, now, "Administrator", job_id, "a scope", now)
	columns = (*inserts.OF_EVERY_ROW, "background_job", "scope_key", "started_at")
	inserts.insert("Job Start", columns, [row])
	frappe.db.commit()
	return name


def keep_tally(organization: str) -> str:
	"""The name of a row that counts jobs of the organization; commits."""
	tally = frappe.new_doc("Job Tally").update({"organization": organization})
	tally.name = frappe.generate_hash(length=40)
	tally.set_user_and_timestamp()
	tally.db_insert()
	frappe.db.commit()
	return tally.name


@contextmanager
def second_connection():
	"""The block on a connection of its own, as another process would have; rolled back at its end."""
	first = frappe.local.db
	frappe.local.db = get_db(
		host=first.host,
		user=first.user,
		password=first.password,
		port=first.port,
		cur_db_name=first.cur_db_name,
	)
	try:
		frappe.db.connect()
		frappe.db.begin()
		yield
	finally:
		frappe.local.db.close()
		frappe.local.db = first


@contextmanager
def held_elsewhere(doctype: str, *names: str) -> Iterator[None]:
	"""During the block, another connection has locked these rows."""
	first = frappe.local.db
	with second_connection():
		frappe.db.sql(
			f"select name from `tab{doctype}` force index (primary) where name in %s for update", (names,)
		)
		second, frappe.local.db = frappe.local.db, first
		try:
			yield
		finally:
			frappe.local.db = second
			# to close it is not enough: the server hears of that later, and skips rows that are still locked
			frappe.db.rollback()


@contextmanager
def counted_statements():
	"""A list to which each SQL statement of this process is appended during the block."""
	statements: list[str] = []
	execute = Database.sql

	def count(self, query, *arguments, **named):
		statements.append(str(query))
		return execute(self, query, *arguments, **named)

	with patch.object(Database, "sql", count):
		yield statements


@contextmanager
def counted_connections():
	"""A list to which each connection to the database that this process opens is appended."""
	opened: list[Database] = []
	kind = type(frappe.local.db)
	connect = kind.connect

	def count(self, *arguments, **named):
		opened.append(self)
		return connect(self, *arguments, **named)

	with patch.object(kind, "connect", count):
		yield opened


@contextmanager
def counted_round_trips():
	"""A list to which what this process sends to Redis is appended: a pipeline is sent at once."""
	sent: list[str] = []
	send = AbstractConnection.send_packed_command

	def count(self, command, *arguments, **named):
		parts = [command] if isinstance(command, bytes) else command
		sent.append(b"".join(parts).decode(errors="replace"))
		return send(self, command, *arguments, **named)

	with patch.object(AbstractConnection, "send_packed_command", count):
		yield sent


def state(job_id: str) -> dict:
	"""The job as the database has it now, read by a System Manager."""
	frappe.db.rollback()
	with acting_as("Administrator"):
		return get_job_status(job_id)


def wait_until(condition: Callable[[], Any], what: str, timeout_seconds: float = 30) -> Any:
	"""Poll until the condition is true and return its value; fail naming what was waited for."""
	end = time.monotonic() + timeout_seconds
	while time.monotonic() < end:
		value = condition()
		if value:
			return value
		time.sleep(0.05)
	raise AssertionError(f"not within {timeout_seconds} s: {what}")


@contextmanager
def given_up_after(seconds: int) -> Iterator[None]:
	"""Raise TimeoutError in the block if it takes so long: for what would otherwise take minutes or hours."""

	def give_up(*_signal: object) -> None:
		raise TimeoutError(f"not within {seconds} s")

	before = signal.signal(signal.SIGALRM, give_up)
	signal.alarm(seconds)
	try:
		yield
	finally:
		signal.alarm(0)
		signal.signal(signal.SIGALRM, before)


def people_written(marker: str = MARKER) -> int:
	"""Committed rows of the handlers that write people: the effects of jobs, counted."""
	frappe.db.rollback()
	return frappe.db.count("Person", {"first_name": ("like", f"{marker}%")})


def waiting_rq_jobs() -> list[Job]:
	"""Every RQ job of this site that waits in a queue."""
	return [job for queue in QUEUES for job in get_queue(queue).get_jobs() if job.id.startswith(id_in_rq(""))]


def queued_wake_ups(queue: str, job_id: str = "JOB-") -> list[Job]:
	"""RQ jobs of this site that wait in a queue to run a Background Job."""
	return [job for job in get_queue(queue).get_jobs() if job.id.startswith(id_in_rq(job_id))]


def running_wake_ups() -> list[str]:
	"""Ids of the RQ jobs of this site that a worker is running now."""
	return [
		job_id
		for queue in QUEUES
		for job_id in StartedJobRegistry(queue=get_queue(queue)).get_job_ids()
		if job_id.startswith(id_in_rq("JOB-"))
	]


def transitions(job_id: str) -> list[tuple[str | None, str]]:
	frappe.db.rollback()
	rows = frappe.get_all(
		"Job Execution Log",
		filters={"background_job": job_id},
		fields=["from_status", "to_status"],
		order_by="timestamp asc",
	)
	return [(row.from_status, row.to_status) for row in rows]


@contextmanager
def changed(doctype: str, name: str, **values: Any) -> Iterator[None]:
	"""The document with these values, and afterwards as it was.

	Settings of a site that never went through Frappe's wizard lack what they must have.
	"""
	document = frappe.get_doc(doctype, name)
	before = {field: document.get(field) for field in values}

	def save(changes: dict[str, Any]) -> None:
		document.flags.ignore_mandatory = True
		document.update(changes).save()
		frappe.db.commit()

	save(values)
	try:
		yield
	finally:
		document.reload()
		save(before)

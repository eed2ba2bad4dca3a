"""What the contract's tests share: DocTypes made for them, a second connection, one worker."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import frappe
import pytest
from contract_doctypes import OWNED, create_doctypes, empty_tables, remove_doctypes
from contract_jobs_on_queues import Jobs, jobs_of_site
from database import as_rows_are
from factories import USERS as USERS_OF_WORLD
from factories import World, acting_as, remove_user
from frappe.database import get_db
from frappe.database.database import Database
from frappe.realtime import clear_realtime_log
from http_client import Client, Web
from runtimes.base import Runtime, stop

# rows that Frappe writes by itself while the tests run
LOGS = ("Error Log", "Activity Log", "Deleted Document", "Version", "Scheduled Job Log")
USERS = [*USERS_OF_WORLD, "passing@example.com"]


@pytest.fixture(scope="session")
def as_found(site: str) -> Iterator[None]:
	"""Takes away, at the very end, the logs, sessions and waiting RQ jobs that were not there before."""
	logs = [doctype for doctype in LOGS if frappe.db.table_exists(doctype)]
	before = {doctype: set(frappe.get_all(doctype, pluck="name")) for doctype in logs}
	waiting = jobs_of_site()
	yield
	for job_id, job in jobs_of_site().items():
		if job_id not in waiting:
			job.delete()
	frappe.db.rollback()
	with as_rows_are():
		for doctype in logs:
			new = set(frappe.get_all(doctype, pluck="name")) - before[doctype]
			frappe.db.delete(doctype, {"name": ("in", [*new, ""])})
		frappe.db.delete("Sessions", {"user": ("in", USERS)})
		frappe.db.commit()


@pytest.fixture(scope="session")
def doctypes(as_found: None, world: World) -> Iterator[World]:
	"""DocTypes of which the site knows only during these tests, beside two organizations' users."""
	create_doctypes()
	try:
		yield world
	finally:
		remove_doctypes()


@pytest.fixture(autouse=True)
def _clean(doctypes: World) -> Iterator[None]:
	"""Every test here starts as Administrator, in a new transaction and with empty tables."""
	start_afresh()
	yield
	start_afresh()


def start_afresh() -> None:
	frappe.db.rollback()
	# events that wait for a commit stay behind when a before_commit callback raises, and block later ones
	clear_realtime_log()
	frappe.set_user("Administrator")
	frappe.clear_messages()
	empty_tables()


@pytest.fixture
def other(doctypes: World) -> Iterator[Database]:
	"""A second connection to the site's database, as another process would have it."""
	with closing(second_connection()) as connection:
		connection.begin()
		yield connection


def second_connection() -> Database:
	mine = frappe.local.db
	connection = get_db(
		host=mine.host, user=mine.user, password=mine.password, port=mine.port, cur_db_name=mine.cur_db_name
	)
	connection.connect()
	return connection


@pytest.fixture(scope="module")
def worker(runtime: Runtime, doctypes: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
	"""One stock worker beside the tests of a file; none is left for those that bring their own."""
	log: Path = tmp_path_factory.mktemp("worker") / "worker.log"
	process = runtime.spawn("worker", "--queue", "short,default,long", log=log)
	try:
		yield
	finally:
		stop(process, timeout_seconds=60)


@pytest.fixture
def jobs(doctypes: World) -> Iterator[Jobs]:
	"""Enqueues functions; the RQ jobs are removed at the end of the test."""
	jobs = Jobs()
	try:
		yield jobs
	finally:
		jobs.remove()


@pytest.fixture(scope="session")
def clients(web: Web, doctypes: World) -> dict[str, Client]:
	"""HTTP clients by user; logged in once, as hashing passwords takes its time."""
	users = (doctypes.alice, doctypes.bob, doctypes.nobody, doctypes.manager)
	return {"Guest": web.guest(), **{user: web.login(user) for user in users}}


@pytest.fixture
def alice(clients: dict[str, Client]) -> Client:
	return clients[World.alice]


@pytest.fixture
def bob(clients: dict[str, Client]) -> Client:
	return clients[World.bob]


@pytest.fixture
def manager(clients: dict[str, Client]) -> Client:
	return clients[World.manager]


@pytest.fixture
def guest(clients: dict[str, Client]) -> Client:
	return clients["Guest"]


@pytest.fixture
def passing_user(doctypes: World) -> Iterator[Any]:
	"""A user for one test."""
	# what a run that was killed has left
	remove_user("passing@example.com")
	user = frappe.get_doc(
		{"doctype": "User", "email": "passing@example.com", "first_name": "Passing", "send_welcome_email": 0}
	).insert()
	user.add_roles("Dartwing User")
	frappe.db.commit()
	try:
		yield user
	finally:
		frappe.db.rollback()
		remove_user(user.name)
		frappe.db.commit()
		frappe.clear_cache()


@pytest.fixture
def owned() -> dict[str, str]:
	"""A document of alice's and one of bob's; only owners may see them."""
	names = {}
	for user in (World.alice, World.bob):
		with acting_as(user):
			names[user] = frappe.get_doc({"doctype": OWNED, "title": user}).insert().name
	frappe.db.commit()
	return names

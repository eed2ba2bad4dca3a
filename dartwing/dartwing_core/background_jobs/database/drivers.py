"""The drivers that Frappe reaches MariaDB with: PyMySQL on v15; on v16 mysqlclient, or as the site says.

Both follow PEP 249, each with error classes of its own, and sites of one bench may use either. No other
module names a driver. Where Frappe has a question (`frappe.db.is_duplicate_entry`), Frappe is asked.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from importlib import import_module
from inspect import signature
from types import ModuleType
from typing import Any

from frappe.database import get_db
from frappe.database.database import Database

# names of what Frappe makes a Database from
_SETTINGS = tuple(signature(get_db).parameters)
# limits of a connection beside a job's transaction: a job must not wait long to tell its progress
LOCK_WAIT_SECONDS = 5
SHORT_LOCK_WAITS = f"innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}, lock_wait_timeout = {LOCK_WAIT_SECONDS}"
WITH_SHORT_LOCK_WAITS = {"init_command": f"set {SHORT_LOCK_WAITS}"}
SILENCE_SECONDS = 10
# noted on a Database: how long its server may be silent
SILENCE = "dartwing_silence_seconds"


def _installed() -> Iterator[ModuleType]:
	for name in ("pymysql", "MySQLdb"):
		with suppress(ImportError):
			yield import_module(name)


_INSTALLED = tuple(_installed())

# everything that a driver raises
ERRORS: tuple[type[Exception], ...] = tuple(driver.Error for driver in _INSTALLED)
# a unique index refused a row
INTEGRITY_ERRORS: tuple[type[Exception], ...] = tuple(driver.IntegrityError for driver in _INSTALLED)
# what a statement raises when the connection is gone; also when it waited too long for a lock
MAY_BE_LOST: tuple[type[Exception], ...] = tuple(
	error for driver in _INSTALLED for error in (driver.OperationalError, driver.InterfaceError)
)


def settings_of(database: Database) -> dict[str, Any]:
	"""What a Database is made from: server, user and schema."""
	return {name: getattr(database, name) for name in _SETTINGS}


def beside(database: Database) -> Database:
	"""Another Database of the same site and user. It is not connected yet: its first statement does that."""
	other = get_db(**settings_of(database))
	if seconds := vars(database).get(SILENCE):
		limit_silence(other, seconds)
	return other


def limit_silence(database: Database, seconds: int) -> None:
	"""From its next connection on, a server that is silent for so long counts as lost; also for those beside.

	Frappe's connections wait for ever for a server that has accepted them and says nothing.
	"""
	setattr(database, SILENCE, seconds)
	_connect_with(database, _silence(seconds))


def _silence(seconds: int) -> dict[str, int]:
	return {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds}


def impatient_beside(database: Database) -> Database:
	"""As `beside`; nothing waits longer for a lock than `LOCK_WAIT_SECONDS`."""
	made = beside(database)
	_connect_with(made, WITH_SHORT_LOCK_WAITS)
	return made


def _connect_with(database: Database, more: Mapping[str, Any]) -> None:
	"""From its next connection on, it connects with these settings as well."""
	settings = {**database.get_connection_settings(), **more}
	setattr(database, "get_connection_settings", lambda: settings)  # noqa: B010 (mypy: a method)


def is_alive(database: Database) -> bool:
	"""Whether the server still answers on the open connection of the Database; it is not opened again."""
	try:
		# PyMySQL's word is `reconnect`, mysqlclient takes it without a name
		database._conn.ping(False)
	except ERRORS:
		return False
	return True


def connect_beside(database: Database, silence_seconds: int = SILENCE_SECONDS) -> Any:
	"""A bare connection of PEP 249 to the same database, autocommitting.

	A changed row counts as found also when it had the new values already. Nothing waits longer for a lock
	than `LOCK_WAIT_SECONDS`, and a server that is silent for `silence_seconds` counts as lost.
	"""
	driver = _driver_of(database)
	settings = {
		**database.get_connection_settings(),
		"autocommit": True,
		"client_flag": import_module(f"{driver.__name__}.constants.CLIENT").FOUND_ROWS,
		**_silence(silence_seconds),
		**WITH_SHORT_LOCK_WAITS,
	}
	return driver.connect(**settings)


def _driver_of(database: Database) -> ModuleType:
	return import_module(database.OperationalError.__module__.partition(".")[0])


def end_statement(database: Database) -> None:
	"""End the statement that another thread is waiting for on this Database, over a connection beside it.

	mysqlclient waits for the server where Python cannot interrupt it: no signal is heard until it answers.
	The statement ends with an error, or as if it had nothing more to do (`sleep`). Raises the driver's
	errors when the server cannot be asked.
	"""
	connection = database._conn
	if not connection:
		return
	# if this statement fails, the other connection is gone already, with its statement
	is_gone = suppress(_driver_of(database).OperationalError)
	with closing(connect_beside(database)) as other, other.cursor() as cursor, is_gone:
		cursor.execute("kill query %s", (connection.thread_id(),))

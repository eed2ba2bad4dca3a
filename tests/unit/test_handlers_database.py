"""What of a handler's statements is a write that the next commit would keep."""

import pytest

from dartwing.dartwing_core.background_jobs.database.handlers_database import Writes

WRITE = "insert into `tabPerson` (name) values (%s)"


@pytest.mark.parametrize(
	("statements", "has_written"),
	[
		([], False),
		([""], False),
		(["select name from `tabPerson` for update"], False),
		([f"\n\t{WRITE}"], True),
		(["UPDATE `tabPerson` set name = 1"], True),
		(["replace into `tabSingles` values (1)"], True),
		([f"set statement innodb_snapshot_isolation = off for {WRITE}"], True),
		(["set statement max_statement_time = 1 for select name from `tabPerson`"], False),
		(["set session innodb_lock_wait_timeout = 1"], False),
		([WRITE, "commit"], False),
		([WRITE, "rollback"], False),
		([WRITE, "savepoint one", "rollback to savepoint one"], True),
		([WRITE, "savepoint one", WRITE, "ROLLBACK TO one"], True),
		(["savepoint one", WRITE, "rollback to savepoint one"], False),
		(["savepoint one", WRITE, "release savepoint one"], True),
		(["savepoint one", WRITE, "savepoint one", "rollback to savepoint one"], True),
		(["savepoint one", WRITE, "commit", WRITE, "rollback to savepoint two"], True),
		# they commit by themselves, and are done again by the next attempt
		(["alter table `tabPerson` add column more int"], True),
		(["create or replace table more (name int)"], True),
		(["create temporary table more (name int)"], False),
		(["create or replace temporary table more (name int)"], False),
		(["drop temporary table if exists more"], False),
		(["drop table more"], True),
		(["truncate table more"], True),
		(["rename table more to less"], True),
	],
)
def test_what_was_written_is_known_from_the_statements(statements, has_written):
	writes = Writes()
	for statement in statements:
		writes.note(statement)
	assert writes.has_written is has_written

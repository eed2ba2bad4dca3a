"""What docs/how-to/restore-a-backup.md says, done: nothing of a backup runs before somebody says so."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import frappe
import pytest
from factories import (
	OBLIGING,
	World,
	people_written,
	queued_wake_ups,
	state,
	submit,
	submit_as,
	transitions,
	wait_until,
)

from dartwing.dartwing_core.background_jobs.upkeep import holding

PAGE = Path(__file__).parents[2] / "docs/how-to/restore-a-backup.md"
WRITES = {"mode": "write_people", "marker": "written by a test", "people": 1}
TABLES = {"Background Job": "organization", "Job Execution Log": "organization", "Singles": "doctype"}
SETTINGS = "Job Engine Settings"

pytestmark = pytest.mark.usefixtures("impatient")


class Backup:
	"""The jobs of Alpha with their log and the engine's settings, as a dump of the database has them."""

	def __init__(self, world: World):
		self._wanted = {"organization": world.alpha, "doctype": SETTINGS}
		frappe.db.rollback()
		self._rows = {
			table: frappe.db.sql(
				f"select * from `{self._name(table)}` where {field} = %s",
				(self._wanted[field],),
				as_dict=True,
			)
			for table, field in TABLES.items()
		}

	def restore(self) -> None:
		for table, field in TABLES.items():
			name = self._name(table)
			frappe.db.sql(f"delete from `{name}` where {field} = %s", (self._wanted[field],))
			for row in self._rows[table]:
				columns = ", ".join(f"`{column}`" for column in row)
				frappe.db.sql(
					f"insert into `{name}` ({columns}) values ({', '.join(['%s'] * len(row))})",
					tuple(row.values()),
				)
		frappe.db.commit()

	@staticmethod
	def _name(table: str) -> str:
		return "tabSingles" if table == "Singles" else f"tab{table}"


class Reader:
	"""Somebody who does, one after the other, what the page says."""

	def __init__(self, runtime, closed: ExitStack, restore: Callable[[], None]):
		self._runtime = runtime
		self._restore = restore
		self._closed = closed
		self.console: dict = {}
		self._steps = re.findall(r"^```(sh|python)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)

	def follow(self, until: str) -> None:
		"""Up to the step with these words, and with it."""
		while self._steps:
			language, text = self._steps.pop(0)
			if language == "python":
				exec(compile(text, str(PAGE), "exec"), self.console)
			else:
				for command in text.strip().splitlines():
					self._run(command.removeprefix("bench --site mysite.localhost "))
			if until in text:
				return
		pytest.fail(f"the page says nothing of {until}")

	def _run(self, command: str) -> None:
		what, *arguments = command.split()
		if command == "set-maintenance-mode on":
			self._closed.enter_context(self._runtime.site_config(maintenance_mode=1))
		elif command == "set-maintenance-mode off":
			self._closed.close()
		elif what == "restore":
			self._restore()
		elif what == "migrate":
			# of its hooks, those that hold and release jobs
			holding.hold_for_migration()
			self._runtime.run(
				*self._runtime.on_site("execute", f"{holding.__name__}.release_after_migration")
			)
		else:
			assert what == "execute"
			self._runtime.run(*self._runtime.on_site("execute", *arguments))
			frappe.db.rollback()


@pytest.fixture
def closed():
	"""What was done to close the site."""
	with ExitStack() as stack:
		yield stack


@pytest.fixture
def let_go(site):
	"""Whatever a test leaves behind, the engine is not paused after it."""
	yield
	frappe.db.rollback()
	holding.resume()
	frappe.db.commit()


def unfinished_jobs(world) -> dict[str, str]:
	"""One of each status in which a backup can find a job."""
	names = {status: submit(**WRITES, n=status).name for status in ("Queued", "Running", "Failed")}
	for status in ("Running", "Failed"):
		job = frappe.get_doc("Background Job", names[status])
		job.transition_to("Running", attempt_id="before the backup", worker_name="a worker that was")
	frappe.db.commit()
	names["Pending"] = submit_as(
		world.alice, OBLIGING, world.alpha, {**WRITES, "n": 4}, depends_on=names["Running"]
	).name
	# last of all: its retry is due, and whoever hands over jobs would take it
	job.transition_to("Failed", ready_at="2026-01-01", error_type="Transient")
	frappe.db.commit()
	return names


@pytest.mark.usefixtures("let_go")
def test_nothing_of_a_restored_backup_runs_before_somebody_says_so(world, runtime, processes, tick, closed):
	names = unfinished_jobs(world)
	backup = Backup(world)
	# meanwhile there were other jobs, and Redis went with its machine
	world.clear()
	assert queued_wake_ups("default") == []
	reader = Reader(runtime, closed, backup.restore)

	reader.follow(until="set-maintenance-mode off")
	seen = {row.status: row.name for row in reader.console["jobs"] if row.organization == world.alpha}
	assert seen == names
	began = {name: len(transitions(name)) for name in names.values()}
	processes.worker()
	wait_until(lambda: tick() or is_rescued(names["Running"]), "the tick has looked")
	probe = submit(mode="succeed")
	tick()
	wait_until(lambda: not queued_wake_ups("default"), "the worker has looked at all wake-ups")
	started = [to for name in names.values() for _from, to in transitions(name)[began[name] :]]
	assert "Running" not in started
	assert state(probe.name)["status"] == "Pending"
	assert people_written() == 0

	reader.console["jobs"] = [frappe._dict(name=names["Failed"], job_type="send_invoices")]
	reader.follow(until="cancel_job")
	reader.follow(until="background_jobs.resume")
	rest = (names["Queued"], names["Running"], names["Pending"], probe.name)
	wait_until(lambda: tick() or {state(name)["status"] for name in rest} == {"Completed"}, "the rest runs")
	assert state(names["Failed"])["status"] == "Canceled"
	assert people_written() == 3


def is_rescued(job_id: str) -> bool:
	return state(job_id)["status"] == "Failed"


def test_the_pause_needs_neither_redis_nor_a_worker(world, runtime, site, let_go):
	frappe.db.rollback()
	nowhere = dict.fromkeys(("redis_queue", "redis_cache"), "redis://127.0.0.1:1")
	with runtime.site_config(**nowhere):
		runtime.run(*runtime.on_site("execute", f"{holding.__name__}.pause"))
	frappe.clear_document_cache(SETTINGS, SETTINGS)
	job = submit(mode="succeed")
	assert state(job.name)["status"] == "Pending"

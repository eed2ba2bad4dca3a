"""Schedules for the tests, and time that passes for them."""

from datetime import datetime, timedelta
from typing import Any

import frappe
from factories import OBLIGING, World, acting_as

from dartwing.dartwing_core.background_jobs import create_schedule
from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.schedules import due

HOUR = timedelta(hours=1)


def make_schedule(user: str = World.adam, organization: str = World.alpha, **chosen: Any) -> str:
	"""The name of a schedule of the obliging type, each hour unless `chosen` says otherwise. Commits."""
	if "cron" not in chosen:
		chosen.setdefault("interval_seconds", 3600)
	arguments = {"title": "Nightly", "job_type": OBLIGING, "parameters": {"mode": "succeed"}, **chosen}
	with acting_as(user):
		name = create_schedule(organization=organization, **arguments).name
		frappe.db.commit()
	return name


def set_due(name: str, ago: timedelta = timedelta(seconds=1)) -> datetime:
	"""Its next slot was so long ago, counted in whole slots: as if no clock had ticked since. Commits."""
	begins = (times.utc_now() - ago).replace(microsecond=0)
	values = {"anchor_utc": begins, "next_slot_utc": begins}
	frappe.db.set_value("Job Schedule", name, values, update_modified=False)
	frappe.db.commit()
	return begins


def start_due(limit: int = 100) -> int:
	started = due.start_due(limit)
	frappe.db.rollback()
	return started


def row_of(name: str) -> Any:
	frappe.db.rollback()
	return frappe.db.get_value("Job Schedule", name, "*", as_dict=True)


def slots_of(name: str) -> list[Any]:
	frappe.db.rollback()
	fields = ["slot_utc", "outcome", "job", "reason"]
	return frappe.get_all("Job Schedule Slot", {"schedule": name}, fields, order_by="slot_utc asc")


def jobs_of(name: str) -> list[Any]:
	frappe.db.rollback()
	fields = ["name", "owner_user", "status", "organization"]
	return frappe.get_all("Background Job", {"job_schedule": name}, fields, order_by="creation asc")


def keep_slot(organization: str) -> str:
	"""The name of a row about a slot of a schedule of the organization. Commits."""
	name = make_schedule("Administrator", organization, run_as="Administrator")
	assert due.claim(name, times.utc_now())
	frappe.db.commit()
	return frappe.db.get_value("Job Schedule Slot", {"schedule": name})

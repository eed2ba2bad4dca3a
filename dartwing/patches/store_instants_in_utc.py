import frappe
from frappe.utils import get_datetime

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot

UNFINISHED = "status not in ('Completed', 'Canceled')"


def execute() -> None:
	"""Of jobs that wait: `ready_at` was the site's time, and `scheduled_at` had no instant beside it."""
	waiting = frappe.db.sql("select name, ready_at from `tabBackground Job` where ready_at is not null")
	planned = frappe.db.sql(
		f"select name, scheduled_at from `tabBackground Job` where scheduled_at is not null and {UNFINISHED}"
	)
	for field, rows in (("ready_at", waiting), ("scheduled_at_utc", planned)):
		for name, site_time in rows:
			frappe.db.sql(
				f"{ignoring_snapshot()}update `tabBackground Job` set {field} = %s where name = %s",
				(times.latest_instant_of(get_datetime(site_time)), name),
			)

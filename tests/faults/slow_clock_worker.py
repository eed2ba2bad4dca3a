"""A stock worker on a machine whose clock is an hour behind; run in the sites folder."""

from datetime import datetime, timedelta, timezone
from importlib import import_module

from frappe.utils import now_datetime
from frappe.utils.background_jobs import start_worker
from stopping import ENGINE

from dartwing.dartwing_core.background_jobs import times

JOB = "dartwing.dartwing_core.doctype.background_job.background_job"
MODULES = (JOB, *(f"{ENGINE}.{name}" for name in ("claims", "control")))

if __name__ == "__main__":
	for name in MODULES:
		import_module(name).now_datetime = lambda: now_datetime() - timedelta(hours=1)
	times.utc_now = lambda: datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(hours=1)
	start_worker(queue="short,default,long")

import frappe

from dartwing.dartwing_core.background_jobs.database.snapshots import snapshot_ignored

ENGINE = "dartwing.dartwing_core.background_jobs"
MODULES = ("exports", "samples")


def execute() -> None:
	"""A site's own Job Types that run one of the app's handlers find it where it is now, in `handlers/`."""
	for module in MODULES:
		before, now = f"{ENGINE}.{module}.", f"{ENGINE}.handlers.{module}."
		job_types = frappe.get_all(
			"Job Type", {"handler_method": ("like", f"{before}%")}, ["name", "handler_method"]
		)
		with snapshot_ignored():
			for job_type in job_types:
				path = now + job_type.handler_method.removeprefix(before)
				frappe.db.set_value("Job Type", job_type.name, "handler_method", path, update_modified=False)

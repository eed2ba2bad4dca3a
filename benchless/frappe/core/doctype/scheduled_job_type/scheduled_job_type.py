"""Scheduled Job Type: one scheduler event of an app, with the time it last ran."""

from datetime import datetime, timedelta
from random import randint

import click
import frappe
from croniter import CroniterBadCronError, croniter
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, now_datetime
from frappe.utils.background_jobs import enqueue, is_job_enqueued

CRON_OF_FREQUENCY = {
	"Yearly": "0 0 1 1 *",
	"Annual": "0 0 1 1 *",
	"Monthly": "0 0 1 * *",
	"Weekly": "0 0 * * 0",
	"Daily": "0 0 * * *",
	"Hourly": "0 * * * *",
}
MAX_JITTER_SECONDS = 600
RUNNER = "frappe.core.doctype.scheduled_job_type.scheduled_job_type.run_scheduled_job"


class ScheduledJobType(Document):
	def autoname(self):
		self.name = ".".join(self.method.split(".")[-2:])

	def validate(self):
		if self.frequency != "All":
			self.create_log = 1
		if self.frequency == "Cron":
			self.check_cron_format()

	def check_cron_format(self):
		if not self.cron_format:
			frappe.throw(_("Cron format is required for job types with Cron frequency."))
		try:
			croniter(self.cron_format)
		except CroniterBadCronError:
			frappe.throw(
				_("{0} is not a valid Cron expression.").format(f"<code>{self.cron_format}</code>"),
				title=_("Bad Cron Expression"),
			)

	def on_trash(self):
		frappe.db.delete("Scheduled Job Log", {"scheduled_job_type": self.name})

	def enqueue(self, force=False) -> bool:
		"""Push this event if it is due, or forced, and no earlier run of it waits or runs."""
		if not (force or self.is_event_due()):
			return False
		if self.is_job_in_queue():
			frappe.logger("scheduler").error(
				f"Skipped queueing {self.method} because it was found in queue for {frappe.local.site}"
			)
			return False
		enqueue(RUNNER, queue=self.get_queue_name(), job_type=self.method, job_id=self.rq_job_id)
		return True

	def is_event_due(self, current_time=None) -> bool:
		return self.get_next_execution() <= (current_time or now_datetime())

	def is_job_in_queue(self) -> bool:
		return is_job_enqueued(self.rq_job_id)

	@property
	def rq_job_id(self) -> str:
		return f"scheduled_job::{self.method}"

	def get_next_execution(self) -> datetime:
		"""First moment of the cron expression after the last run, or after this row was made.

		The events called Long are put off by up to ten minutes, so that they do not start together.
		"""
		if not self.cron_format:
			self.cron_format = cron_of(self.frequency)
		last = get_datetime(self.last_execution or self.creation)
		jitter = randint(1, MAX_JITTER_SECONDS) if "Long" in self.frequency else 0
		return croniter(self.cron_format, last).get_next(datetime) + timedelta(seconds=jitter)

	def execute(self):
		"""Run the event now and commit; a failure is rolled back and logged, never raised."""
		self.scheduler_log = None
		try:
			self.log_status("Start")
			frappe.get_attr(self.method)()
			frappe.db.commit()
			self.log_status("Complete")
		except Exception:
			frappe.db.rollback()
			self.log_status("Failed")

	def log_status(self, status):
		frappe.logger("scheduler").info(f"Scheduled Job {status}: {self.method} for {frappe.local.site}")
		if self.create_log:
			self.update_scheduler_log(status)
		if status == "Start" or not self.create_log:
			self.db_set("last_execution", now_datetime(), update_modified=False)
		frappe.db.commit()

	def update_scheduler_log(self, status):
		if not self.scheduler_log:
			log = frappe.get_doc(doctype="Scheduled Job Log", scheduled_job_type=self.name)
			self.scheduler_log = log.insert(ignore_permissions=True)
		self.scheduler_log.db_set("status", status)
		if frappe.debug_log:
			self.scheduler_log.db_set("debug_log", "\n".join(frappe.debug_log))
		if status == "Failed":
			self.scheduler_log.db_set("details", frappe.get_traceback(with_context=True))

	def get_queue_name(self) -> str:
		return "long" if "Long" in self.frequency else "default"


def cron_of(frequency: str) -> str | None:
	if frequency == "All":
		return f"*/{(frappe.get_conf().scheduler_interval or 240) // 60} * * * *"
	return CRON_OF_FREQUENCY.get(frequency.removesuffix(" Long"))


def run_scheduled_job(job_type: str):
	"""What the worker calls; `job_type` is the method's dotted path."""
	try:
		frappe.get_doc("Scheduled Job Type", {"method": job_type}).execute()
	except Exception:
		print(frappe.get_traceback())


def sync_jobs():
	"""Make the rows equal to the `scheduler_events` of the installed apps."""
	events = list(events_of(frappe.get_hooks("scheduler_events", {})))
	for frequency, method, cron_format in events:
		insert_single_event(frequency, method, cron_format)
	clear_events([method for _frequency, method, _cron_format in events])


def events_of(scheduler_events: dict):
	"""Yield (frequency, method, cron format or None) for each event in the hooks."""
	for event_type, events in scheduler_events.items():
		if isinstance(events, dict):
			for cron_format, methods in events.items():
				yield from (("Cron", method, cron_format) for method in methods)
		else:
			frequency = event_type.replace("_", " ").title()
			yield from ((frequency, method, None) for method in events)


def insert_single_event(frequency: str, event: str, cron_format: str | None = None):
	"""Insert one event unless it is there; one of that name with other times is replaced."""
	try:
		frappe.get_attr(event)
	except Exception as error:
		click.secho(f"{event} is not a valid method: {error}", fg="yellow")

	values = {"method": event, "frequency": frequency}
	if cron_format:
		values["cron_format"] = cron_format
	if frappe.db.exists("Scheduled Job Type", values):
		return
	doc = frappe.get_doc(doctype="Scheduled Job Type", **values)
	frappe.db.savepoint("scheduled_job_type")
	try:
		doc.insert()
	except frappe.DuplicateEntryError:
		frappe.db.rollback(save_point="scheduled_job_type")
		doc.delete()
		doc.insert()


def clear_events(all_events: list):
	for row in frappe.get_all("Scheduled Job Type", fields=["name", "method"]):
		if row.method not in all_events:
			frappe.delete_doc("Scheduled Job Type", row.name)

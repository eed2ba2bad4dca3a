"""A day of jobs that really ran, for screenshots: submitted by members, run by a worker.

Only their times are moved: what ended an instant ago is put somewhere in the last 24 hours.
"""

import random
from datetime import timedelta
from typing import Any

import frappe
from factories import World, acting_as, make_job_type, state, submit_as, wait_until
from frappe.utils import now_datetime
from scheduled import jobs_of, make_schedule, set_due, slots_of, start_due

from dartwing.dartwing_core.background_jobs import Flow, Job, submit_job
from dartwing.dartwing_core.doctype.job_tally import job_tally

TYPES = {
	"fax_ocr": "Fax OCR",
	"invoice_pdf": "Invoice PDF",
	"member_sync": "Member Sync",
	"newsletter": "Newsletter",
}
# a type whose parameters are many, and whose handler logs
LETTERS = "guest_letters"
SAMPLE = "dartwing.dartwing_core.background_jobs.handlers.samples.sample_job"
INVITING = "dartwing.tests.invitations.invite_guests"
ENDED = ("Completed", "Dead Letter", "Canceled")
TIMES = ("creation", "modified", "created_at", "queued_at", "started_at", "completed_at", "canceled_at")


def make_types() -> None:
	for name, display_name in TYPES.items():
		make_job_type(
			name, display_name=display_name, handler_method=SAMPLE, max_retries=2, retry_base_delay=2
		)
	make_job_type(LETTERS, display_name="Letters to Guests", handler_method=INVITING)
	frappe.db.commit()


def remove_types() -> None:
	for name in (*TYPES, LETTERS):
		frappe.delete_doc("Job Type", name, ignore_missing=True, force=True)
	frappe.db.commit()


def live_through(world: World, jobs: int = 80) -> None:
	"""Submit jobs of two organizations and wait until a worker, which must run, has ended them all."""
	dice = random.Random(7)
	submitted = [_submit_one(world, dice, number) for number in range(jobs)]
	wait_until(lambda: all(_statuses(submitted)), "the day's jobs have ended", timeout_seconds=300)
	_spread_over_a_day(submitted, dice)


def _submit_one(world: World, dice: random.Random, number: int) -> str:
	parameters: dict[str, Any] = {
		"duration": round(dice.uniform(0.02, 0.3), 2),
		"document": f"DOC-{number:04d}",
	}
	job_type = dice.choices(list(TYPES), weights=(6, 4, 3, 1))[0]
	if dice.random() < 0.08:
		parameters["fail_with"] = "permanent"
	user, organization = dice.choice(
		[(world.alice, world.alpha), (world.adam, world.alpha), (world.bob, world.beta)]
	)
	return submit_as(user, job_type, organization, parameters).name


def _statuses(names: list[str]) -> list[bool]:
	frappe.db.rollback()
	rows = frappe.get_all("Background Job", {"name": ("in", names)}, pluck="status")
	return [status in ENDED for status in rows]


def _spread_over_a_day(names: list[str], dice: random.Random) -> None:
	for name in names:
		hours = 24 * dice.random() ** 1.4
		for doctype, where, fields in (
			("Background Job", "name", TIMES),
			("Job Execution Log", "background_job", ("creation", "modified", "timestamp")),
		):
			moved = ", ".join(f"`{field}` = `{field}` - interval %(seconds)s second" for field in fields)
			frappe.db.sql(
				f"update `tab{doctype}` set {moved} where `{where}` = %(name)s",
				{"seconds": int(hours * 3600), "name": name},
			)
	frappe.db.commit()
	job_tally.count_new()


def leave_at_work(world: World) -> dict[str, str]:
	"""Jobs that are there to be looked at: running, waiting, failed, dead. Returns their names."""
	soon = now_datetime() + timedelta(hours=3)
	export = {"doctype": "User", "fields": ["name", "full_name", "creation"], "file_format": "CSV"}
	with acting_as(world.adam):
		jobs = {
			"running": submit_job(
				"long_running_job",
				world.alpha,
				{
					"steps": 900,
					"step_seconds": 1,
					"source": {"url": "sftp://files.alpha.example/inbox", "password": "hunter2"},
					"api_key": "sk-93f2b7",
				},
			),
			"dead": submit_job(
				"fax_ocr", world.alpha, {"duration": 0.2, "fail_with": "permanent", "page": 3}
			),
			"scheduled": submit_job("newsletter", world.alpha, {"edition": 12}, scheduled_at=soon),
		}
		jobs["child"] = submit_job("invoice_pdf", world.alpha, {"n": 1}, depends_on=jobs["running"].name)
		pages = [Job("fax_ocr", {"duration": 0.2, "page": page}) for page in range(1, 7)]
		pages.append(Job("fax_ocr", {"duration": 0.2, "fail_with": "permanent", "page": 7}))
		merged = Job("invoice_pdf", {"duration": 60}, dependency_rule="end")
		last = [Job("newsletter", {"n": 1}), Job("member_sync", {"n": 1})]
		flow = Flow("Scan of the archive", Job("member_sync", {"duration": 0.1}) >> pages >> merged >> last)
		group = flow.submit(world.alpha).group_id
	frappe.db.commit()
	with acting_as(world.manager):
		jobs["export"] = submit_job("data_export", world.alpha, export)
		frappe.db.commit()
	with acting_as(world.adam):
		jobs["letters"] = submit_job(LETTERS, world.alpha, invitation(guests=60, seconds=10), priority="High")
		frappe.db.commit()
	end = {"Dead Letter", "Completed"}
	wait_until(
		lambda: {state(jobs["dead"].name)["status"], state(jobs["export"].name)["status"]} <= end,
		"there is a dead letter and an export",
		timeout_seconds=90,
	)
	names = {what: job.name for what, job in jobs.items()}
	return {**names, "group": group, "schedule": _schedule_letters(world)}


def _schedule_letters(world: World) -> str:
	"""A schedule with one slot behind it."""
	parameters = invitation(guests=2, seconds=0)
	about = {"title": "Letters of the day", "job_type": LETTERS, "interval_seconds": 86_400}
	schedule = make_schedule(world.adam, parameters=parameters, **about)
	set_due(schedule)
	start_due()
	assert jobs_of(schedule), slots_of(schedule)
	(job,) = jobs_of(schedule)
	wait_until(lambda: state(job.name)["status"] == "Completed", "the job of the slot", timeout_seconds=90)
	return schedule


def invitation(guests: int, seconds: float) -> dict[str, Any]:
	names = ("Ada", "Grace", "Emmy", "Sofia")
	people = [names[number % len(names)] for number in range(guests)]
	invited = [{"name": name, "e_mail": f"{name.lower()}@example.com"} for name in people]
	return {"event": "Opening of the hut", "day": "2027-06-12", "guests": invited, "seconds": seconds}

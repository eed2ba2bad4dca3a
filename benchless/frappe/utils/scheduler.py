"""The scheduler: at each tick it enqueues the Scheduled Job Types that are due, site by site."""

import os
import random
import time
from datetime import datetime

import frappe
from croniter import CroniterBadCronError
from frappe.utils import cint, get_datetime, get_sites, now_datetime
from frappe.utils.background_jobs import set_niceness

DAY_SECONDS = 24 * 60 * 60


def start_scheduler() -> None:
	"""Tick for ever, first after one interval."""
	tick = get_scheduler_tick()
	set_niceness()
	while True:
		time.sleep(tick)
		enqueue_events_for_all_sites()


def get_scheduler_tick() -> int:
	"""Seconds between two ticks."""
	return cint(frappe.get_conf().scheduler_tick_interval) or 60


def enqueue_events_for_all_sites() -> None:
	if os.path.exists(".restarting"):
		return
	with frappe.init_site():
		sites = get_sites()
	# no site is always first
	random.shuffle(sites)
	for site in sites:
		enqueue_events_for_site(site)


def enqueue_events_for_site(site: str) -> None:
	"""One site's share of a tick. An error is logged; the other sites get theirs."""
	logger = frappe.logger("scheduler")
	try:
		frappe.init(site=site)
		frappe.connect()
		if not is_scheduler_inactive():
			enqueue_events(site=site)
			logger.debug(f"Queued events for site {site}")
	except Exception:
		logger.error(f"Exception in Enqueue Events for Site {site}", exc_info=True)
	finally:
		frappe.destroy()


def enqueue_events(site: str) -> list[str] | None:
	"""Enqueue what is due; returns the methods, or None where the site sleeps."""
	if not schedule_jobs_based_on_activity():
		return None
	enqueued = []
	for row in frappe.get_all("Scheduled Job Type", filters={"stopped": 0}, fields="*"):
		job_type = frappe.get_doc(doctype="Scheduled Job Type", **row)
		try:
			if job_type.enqueue():
				enqueued.append(job_type.method)
		except CroniterBadCronError:
			frappe.logger("scheduler").error(
				f"Invalid Job on {frappe.local.site} - {job_type.name}", exc_info=True
			)
	return enqueued


def is_scheduler_inactive(verbose=True) -> bool:
	for key in ("maintenance_mode", "pause_scheduler"):
		if frappe.local.conf.get(key):
			_explain(f"{key} is set", verbose)
			return True
	return is_scheduler_disabled(verbose=verbose)


def is_scheduler_disabled(verbose=True) -> bool:
	if frappe.conf.disable_scheduler:
		_explain("disable_scheduler is set", verbose)
		return True
	if cint(frappe.db.get_single_value("System Settings", "enable_scheduler")):
		return False
	_explain("enable_scheduler of System Settings is not set", verbose)
	return True


def _explain(reason: str, verbose: bool) -> None:
	if verbose and os.isatty(1):
		print(f"{frappe.local.site}: the scheduler is inactive, {reason}")


def toggle_scheduler(enable) -> None:
	frappe.db.set_single_value("System Settings", "enable_scheduler", int(enable))


def enable_scheduler() -> None:
	toggle_scheduler(True)


def disable_scheduler() -> None:
	toggle_scheduler(False)


def schedule_jobs_based_on_activity(check_time=None) -> bool:
	"""Whether jobs may run: always on a site in use, once a day on a dormant one."""
	if not is_dormant(check_time=check_time):
		return True
	last_run = _last_modified("Scheduled Job Log")
	return not last_run or _seconds_since(last_run, check_time) >= DAY_SECONDS


def is_dormant(check_time=None) -> bool:
	"""Whether nobody logged in for `dormant_days` (System Settings, default 4)."""
	if frappe.conf.developer_mode:
		return False
	last_activity = _last_modified("Activity Log")
	limit = (frappe.get_system_settings("dormant_days") or 4) * DAY_SECONDS
	return not last_activity or _seconds_since(last_activity, check_time) >= limit


def _seconds_since(moment: datetime, check_time: datetime | None) -> float:
	return ((check_time or now_datetime()) - moment).total_seconds()


def _last_modified(doctype: str) -> datetime | None:
	newest = frappe.db.get_value(doctype, filters={}, fieldname="modified", order_by="modified desc")
	return get_datetime(newest) if newest else None

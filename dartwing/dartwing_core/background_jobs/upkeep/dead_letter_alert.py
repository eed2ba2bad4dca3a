"""Telling System Managers that too many jobs need a person."""

import frappe
from frappe import _
from frappe.utils.user import get_users_with_role

from dartwing.dartwing_core.background_jobs import framework
from dartwing.dartwing_core.background_jobs.announcing import notifications
from dartwing.dartwing_core.background_jobs.database.named_locks import hold_until_the_end, lock_name
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot, snapshot_ignored
from dartwing.dartwing_core.background_jobs.statuses import DEAD_LETTER
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting
from dartwing.dartwing_core.doctype.job_tally.job_tally import finished_jobs


def alert_when_many() -> None:
	"""Tell System Managers once when dead letters exceed the threshold, and again after they were fewer.

	Of two schedulers at the same time, one does it.
	"""
	hold, _answers = hold_until_the_end([lock_name("dead letter alert")])
	if not hold:
		return
	threshold = setting("dead_letter_alert_threshold")
	too_many = bool(threshold) and _is_over(threshold)
	try:
		if too_many == _was_sent():
			return
	except frappe.QueryTimeoutError:
		# somebody is saving the settings: the next tick looks again
		return
	with snapshot_ignored():
		frappe.db.set_single_value("Job Engine Settings", "dead_letter_alert_sent", int(too_many))
	if too_many:
		waiting = finished_jobs(status=DEAD_LETTER)
		for user in get_users_with_role("System Manager") or ["Administrator"]:
			notifications.notify(user, _("{0} dead letters wait for a person").format(waiting))


def _is_over(threshold: int) -> bool:
	one_more = frappe.get_all(
		"Background Job",
		{"status": DEAD_LETTER},
		order_by=None,
		limit=1,
		**framework.rows_passed_over(threshold),
	)
	return bool(one_more)


def _was_sent() -> bool:
	"""Whether the alert was sent, by another scheduler too since this transaction began.

	Raises QueryTimeoutError while another transaction holds the row.
	"""
	query = "select value from `tabSingles` where doctype = %s and field = %s for update nowait"
	values = ("Job Engine Settings", "dead_letter_alert_sent")
	return frappe.db.sql(ignoring_snapshot() + query, values, pluck=True) in (["1"], [1])

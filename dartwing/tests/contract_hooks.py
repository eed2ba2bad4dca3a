"""Permission hooks of the contract's tests."""

from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs import cancel_job, submit_job

calls: list[tuple] = []


def only_north(user: str) -> str:
	"""permission_query_conditions"""
	return "left(`tabContract Item`.title, 5) = 'North'"


def like_north(user: str) -> str:
	"""permission_query_conditions with one per cent sign"""
	return "`tabContract Item`.title like 'North%'"


def like_north_doubled(user: str) -> str:
	"""permission_query_conditions with two per cent signs for one"""
	return "`tabContract Item`.title like 'North%%'"


def only_open(user: str) -> str:
	"""permission_query_conditions"""
	return "`tabContract Item`.status = 'Open'"


def nothing(user: str) -> str:
	"""permission_query_conditions"""
	return ""


def no_opinion(doc: Any, ptype: str, user: str) -> None:
	"""has_permission"""
	calls.append((doc.title, ptype, user))


def refuse_south(doc: Any, ptype: str, user: str) -> bool:
	"""has_permission"""
	return not doc.title.startswith("South")


def refuse(doc: Any, ptype: str, user: str) -> bool:
	"""has_permission"""
	return False


def allow(doc: Any, ptype: str, user: str) -> bool:
	"""has_permission"""
	return True


def submit_and_cancel(doc: Any, event: str) -> None:
	"""A document event of another app: it submits a job, cancels the one that it is told of, and commits."""
	doc.flags.submitted = submit_job("obliging_job", doc.flags.organization, {"mode": "succeed"}).name
	cancel_job(doc.flags.to_cancel)
	if doc.flags.commits:
		frappe.db.commit()

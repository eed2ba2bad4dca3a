"""One line of JSON for each transition that was committed, in `logs/dartwing.jobs.log` of bench and site.

The engine's own transactions are committed as a whole or not at all. A caller's may be undone in part by a
rollback to a savepoint, which tells nobody: there the rows of the log are looked up before the lines are
written.
"""

import json
import logging
import os
from collections.abc import Sequence
from typing import Any

import frappe
from frappe.utils.background_jobs import create_job_id
from rq import get_current_job

from dartwing.dartwing_core.background_jobs import config

LOGGER = "dartwing.jobs"
MAX_BYTES, FILES = 10_000_000, 10

# name of the row in the Job Execution Log, and what is to be written
Line = tuple[str, dict[str, Any]]


def origin() -> dict[str, str | None]:
	"""Ids by which other logs of the process that moves a job can be found.

	`rq_job_id` in a worker; `request_id` where the client sent `X-Frappe-Request-Id` or Frappe's monitor is
	on (site config `monitor`).
	"""
	rq_job = get_current_job()
	monitor = getattr(frappe.local, "monitor", None)
	request = getattr(frappe.local, "request", None)
	request_id = None
	if request:
		request_id = monitor.data.uuid if monitor else request.headers.get("X-Frappe-Request-Id")
	return {"by_rq_job_id": rq_job.id if rq_job else None, "by_request_id": request_id}


def full_rq_job_id(rq_job_id: str | None) -> str | None:
	"""The id as Redis and the logs of workers have it, with the site in front."""
	return create_job_id(rq_job_id) if rq_job_id else None


def committed(lines: Sequence[Line]) -> set[str]:
	"""Which of the lines' rows exist in the Job Execution Log, by name."""
	log = frappe.qb.DocType("Job Execution Log")
	names = [name for name, _line in lines]
	return set(frappe.qb.from_(log).select(log.name).where(log.name.isin(names)).run(pluck=True))


def write(lines: Sequence[Line]) -> None:
	"""Write the lines at once; the caller knows that their transitions are committed."""
	if not lines or not config.get("log_transitions"):
		return
	try:
		logger = frappe.logger(LOGGER, max_size=MAX_BYTES, file_count=FILES)
	except OSError:
		# the transition is committed: a log folder that cannot be written to must not stop what follows
		logging.getLogger(LOGGER).exception("transitions are not logged")
		return
	logger.setLevel(logging.INFO)
	# a program that configures logging turns off what was there before
	logger.disabled = False
	_follow_rotation(logger)
	for _name, line in lines:
		logger.info(json.dumps(line))


def _follow_rotation(logger: logging.Logger) -> None:
	"""Let go of files that another process has put away: they are deleted one day, with what is in them."""
	for handler in logger.handlers:
		if not isinstance(handler, logging.FileHandler) or not handler.stream:
			continue
		opened, path = os.fstat(handler.stream.fileno()), handler.baseFilename
		if not (os.path.exists(path) and os.path.samestat(opened, os.stat(path))):
			# the handler opens the current one when it writes
			handler.close()

"""What handlers say: hostile, unstorable and secret texts, in every place where a handler can put one."""

import math
import os
from collections.abc import Callable
from urllib.parse import quote

import frappe

from dartwing.dartwing_core.background_jobs import (
	Flow,
	Job,
	JobContext,
	PermanentError,
	TransientError,
	submit_job,
)


class Wordless:
	def __str__(self) -> str:
		raise KeyError("no words")


# what a careless handler gives `update_progress`
ODD_REPORTS = (
	(10, os.fsdecode(b"caf\xe9")),
	(math.nan, 3),
	("many", ["a", "list"]),
	(None, "\x00\x1b[31m"),
	(10**400, Wordless()),
	(-math.inf, "x" * 100_000),
	("50", b"bytes"),
)


def say(context: JobContext) -> dict | None:
	"""Say `parameters.text` in the way that `parameters.how` names."""
	return WAYS[context.parameters["how"]](context)


def throw(context: JobContext) -> None:
	frappe.throw(context.parameters["text"])


def give_up(context: JobContext) -> None:
	raise PermanentError(context.parameters["text"])


def be_refused(context: JobContext) -> None:
	frappe.has_permission("Job Type", "write", throw=True)


def be_refused_by_an_app(context: JobContext) -> None:
	frappe.flags.error_message = f"No <strong>{context.parameters['password']}</strong> for <img src=x>"
	raise frappe.PermissionError


def report(context: JobContext) -> None:
	context.update_progress(50, context.parameters["text"])


def report_oddly(context: JobContext) -> None:
	number = context.parameters["number"]
	context.update_progress(*ODD_REPORTS[number])


def refer(context: JobContext) -> dict:
	return {"output_reference": context.parameters["text"]}


def return_half_a_pair(context: JobContext) -> dict:
	return {"result": {"name": os.fsdecode(b"caf\xe9")}}


def submit_half_a_pair(context: JobContext) -> None:
	submit_job(context.job_type, context.organization, {"name": os.fsdecode(b"caf\xe9")})


def tell_the_secret(context: JobContext) -> dict:
	"""Everywhere at once, and then fail if `fails`."""
	secret = context.parameters["login"]["api_key"]
	context.save_checkpoint({"next": f"https://api.example/?key={secret}"})
	context.update_progress(50, f"asks with {secret}")
	if context.parameters.get("fails"):
		raise TransientError(
			f"403 of https://api.example/v1?key={quote(secret, safe='')}&page=2 ({secret!r})"
		)
	return {"result": {"asked": f"with {secret}", "pages": 2}}


def tell_the_secret_of_a_parent(context: JobContext) -> dict:
	"""Everywhere at once, in the first attempt from the parent itself, later from what that attempt has kept.

	`step` begins a step that is called so; each of the first `fails` attempts raises.
	"""
	kept = context.checkpoint or context.parents[0].parameters["login"]
	secret, pin = kept["api_key"], kept["token"]
	context.save_checkpoint({"api_key": secret, "token": pin, "used": [secret, pin, {secret: 1}]})
	context.log(f"logs in with {secret}")
	context.update_progress(50, f"asks with {secret}")
	if context.parameters.get("step"):
		context.step(f"asks with {secret}", dict)
	if context.attempt <= context.parameters.get("fails", 0):
		raise TransientError(f"403 of https://api.example/v1?key={quote(secret, safe='')} ({secret!r})")
	return {"result": {secret: 1, "asked": f"with {secret}", "pins": [pin, {"v": pin}], "pages": 2}}


def call_a_flow_as_it(context: JobContext) -> None:
	"""Submit a flow whose title tells a secret of this job, or of its parent."""
	parameters = context.parents[0].parameters if context.parents else context.parameters
	context.submit_flow(Flow(f"asks with {parameters['login']['api_key']}", Job(context.job_type)))


WAYS: dict[str, Callable[[JobContext], dict | None]] = {
	function.__name__: function
	for function in (
		throw,
		give_up,
		be_refused,
		be_refused_by_an_app,
		report,
		report_oddly,
		refer,
		return_half_a_pair,
		submit_half_a_pair,
		tell_the_secret,
		tell_the_secret_of_a_parent,
		call_a_flow_as_it,
	)
}

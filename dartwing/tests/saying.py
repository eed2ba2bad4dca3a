"""What handlers say: hostile, unstorable and secret texts, in every place where a handler can put one."""

import math
import os
from collections.abc import Callable
from urllib.parse import quote

import frappe

from dartwing.dartwing_core.background_jobs import JobContext, PermanentError, TransientError, submit_job


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
	)
}

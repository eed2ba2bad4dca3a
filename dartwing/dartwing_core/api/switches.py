"""Switches by which Frappe's own code leaves out permissions and checks: a request does not turn them.

Some methods that everybody may call have them among their arguments.
"""

import re
from collections.abc import Iterator
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.document_methods import Call
from dartwing.dartwing_core.background_jobs.errors import refuse_argument

OFF = re.compile(
	"force|flags|ignore_(children|if_.+|links?|mandatory|on_trash|permissions?|validat.+|version|xss_filter)"
)
CHECKS = re.compile("validate(_rename)?")
# with this Desk follows a document that one's settings would not follow
FOLLOWING = "frappe.desk.form.document_follow."


def refuse_switches(method: str, form: dict, calls: list[Call]) -> None:
	"""Raise PermissionError, which names the argument, for one that turns permissions or checks off."""
	given: dict[str, Any] = {}
	for call in calls:
		if call.arguments and is_frappes(call):
			given |= call.named_arguments()
	# without its checks, a rename leaves out what must become of an organization's jobs
	refuse(checks_left_out(given))
	if method.startswith("frappe.") and not method.startswith(FOLLOWING):
		given |= form
	if "System Manager" not in frappe.get_roles():
		refuse(switched_off(given))
		refuse(checks_left_out(given))


def refuse(names: Iterator[str]) -> None:
	for name in names:
		refuse_argument(name, _("is not taken from a request"), frappe.PermissionError)


def is_frappes(call: Call) -> bool:
	"""Methods of other apps are theirs."""
	function = call.function()
	return function is not None and function.__module__.startswith("frappe.")


def switched_off(given: dict[str, Any]) -> Iterator[str]:
	"""Those that are on: Python takes every text for true, "0" too."""
	return (name for name, value in given.items() if OFF.fullmatch(str(name)) and value not in (None, "", 0))


def checks_left_out(given: dict[str, Any]) -> Iterator[str]:
	return (name for name, value in given.items() if CHECKS.fullmatch(str(name)) and value != 1)

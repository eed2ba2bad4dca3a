"""Which of Frappe's methods may be asked about documents at all, by who is no System Manager.

Frappe has methods that list, count, sum up or move rows of any DocType and ask nobody who may see them;
which ones differs from version to version. So those that may be asked about a guarded DocType are listed
here, and every other one is refused, whatever else it is asked. Those that are listed either apply the
permissions of Frappe's lists, or are about one document, whose name `door` replaces where it may not be
seen; `tests/http` asks each of them.

Some of the others tell also what other DocTypes keep of guarded documents: comments, files, versions.
"""

import re
from collections.abc import Iterator
from inspect import signature
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.api.json_texts import parsed
from dartwing.dartwing_core.api.mentions import PROSE, SAYS_DOCTYPE, TABLES, guarded_doctype, is_doctype
from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy.files import may_read

GROUPS = "frappe.desk.listview.get_group_by_count"
KANBAN = "frappe.desk.doctype.kanban_board.kanban_board."
ONBOARDING = "frappe.desk.desktop.update_onboarding_step"
CHART = "frappe.desk.doctype.dashboard_chart.dashboard_chart.get"
# what begins so, or is a module of these
MAY_BE_ASKED = re.compile(
	r"frappe\.("
	r"client\.\w+"
	r"|core\.api\.file\.get_attached_images"
	r"|core\.doctype\.access_log\.access_log\.make_access_log"
	r"|core\.doctype\.communication\.email\.make"
	r"|core\.doctype\.data_export\.exporter\.export_data"
	r"|core\.doctype\.data_import\.data_import\.download_template"
	r"|automation\.doctype\.reminder\.reminder\.create_new_reminder"
	r"|desk\.calendar\.get_events"
	r"|desk\.doctype\.bulk_update\.bulk_update\.submit_cancel_or_update_docs"
	r"|desk\.doctype\.dashboard_chart\.dashboard_chart\.get"
	r"|desk\.doctype\.kanban_board\.kanban_board\.get_kanban_boards"
	r"|desk\.doctype\.list_view_settings\.list_view_settings\.\w+"
	r"|desk\.doctype\.number_card\.number_card\.get_(result|percentage_difference)"
	r"|desk\.doctype\.tag\.tag\.(add_tags?|remove_tag|get_tags)"
	r"|desk\.doctype\.workspace\.workspace\.\w+"
	r"|desk\.form\.(assign_to|document_follow|load|save|utils)\.\w+"
	r"|desk\.form\.linked_with\.(get|get_linked_doctypes)"
	r"|desk\.like\.toggle_like"
	r"|desk\.link_preview\.get_preview_data"
	r"|desk\.listview\.\w+"
	r"|desk\.notifications\.get_open_count"
	r"|desk\.reportview\.\w+"
	r"|desk\.search\.\w+"
	r"|handler\.(upload_file|run_doc_method)"
	r"|model\.delete_doc\.delete_bulk"
	r"|model\.document\.unlock_document"
	r"|model\.rename_doc\.update_document_title"
	r"|model\.utils\.user_settings\.(get|save)"
	r"|model\.workflow\.\w+"
	r"|printing\.page\.print\.print\.get_print_settings_to_show"
	r"|realtime\.\w+"
	r"|rename_doc"
	r"|share\.\w+"
	r"|utils\.(file_manager\.add_attachments|print_format\.\w+|weasyprint\.download_pdf)"
	r"|www\.printview\.\w+"
	r")"
)
# these answer what a report has, or had, for a user whom an argument names
REPORTS = re.compile(r"frappe\.(desk\.query_report|core\.doctype\.prepared_report)\.")
# arguments that name a report which was made earlier
KEPT_REPORT = ("dn", "prepared_report_name")
# these count or sum up rows of any DocType, also those that the user may not read
UNASKING = frozenset(
	(
		"frappe.utils.goal.get_monthly_goal_graph_data",
		"frappe.workflow.doctype.workflow.workflow.get_workflow_state_count",
	)
)
# a text that names a method, in an argument that says what another method is to call
PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
# a method that Desk's tree views name in an argument
MAY_BE_CALLED = ("frappe.desk.treeview.get_children",)
# what a search for links takes
LINK_SEARCH = ("doctype", "txt", "searchfield", "start", "page_len", "filters")
# arguments that are stored, and the one that names the method itself
NOT_CALLED = frozenset(("cmd", "data", "doc", "docs", "doclist"))
# arguments of words that are looked for or translated, which may be those of a DocType
WORDS = PROSE | {"source", "source_text", "text", "translation_dict"}
# keeps whole documents, and names their DocType in a text
DELETED = "Deleted Document"


def canonical(method: str) -> str:
	"""The path of a method where it is defined: every module that imports it answers to it, too."""
	path = method if "." in method else f"frappe.handler.{method}"
	try:
		function = frappe.get_attr(path)
		return f"{function.__module__}.{function.__qualname__}"
	except Exception:
		# Frappe itself says what is wrong with it
		return method


def check_alias(sent: str, method: str) -> None:
	"""A method that an app overrides is overridden by its own path alone."""
	if sent != method and method in frappe.get_hooks("override_whitelisted_methods"):
		refuse_argument("cmd", _("{0} is called by its own path").format(method), frappe.PermissionError)


def check(method: str, form: dict) -> None:
	"""Raise PermissionError, which names the argument, for what nobody but a System Manager may ask."""
	if not method.startswith("frappe.") or "System Manager" in frappe.get_roles():
		return
	for argument, path in paths_in(form):
		if is_called_past_the_door(path):
			refuse_argument(argument, _("{0} is not called here").format(path), frappe.PermissionError)
	if not MAY_BE_ASKED.fullmatch(method):
		for argument, doctype in named(form):
			refuse_argument(argument, _("{0} is not asked here").format(doctype), frappe.PermissionError)
	if method == ONBOARDING and form.get("field") not in ("is_complete", "is_skipped"):
		refuse_argument("field", _("must be is_complete or is_skipped"), frappe.PermissionError)
	for argument, doctype in told(method, form):
		refuse_argument(argument, _("{0} is not asked here").format(doctype), frappe.PermissionError)
	check_attachments(parsed(form.get("attachments")))
	if REPORTS.match(method):
		check_report(form)


def paths_in(value: Any, argument: str = "") -> Iterator[tuple[str, str]]:
	"""Arguments that hold the dotted path of something in an installed app, and the path.

	What is only stored, or is prose, is called by nobody.
	"""
	value = parsed(value)
	if isinstance(value, dict):
		for key, one in value.items():
			if key not in PROSE and key not in NOT_CALLED:
				yield from paths_in(one, argument or str(key))
	elif isinstance(value, list):
		for one in value:
			yield from paths_in(one, argument)
	elif isinstance(value, str) and is_path(value.strip()):
		yield argument, value.strip()


def is_path(text: str) -> bool:
	return bool(PATH.fullmatch(text)) and text.partition(".")[0] in frappe.get_installed_apps()


def is_called_past_the_door(path: str) -> bool:
	"""Whether a method that is told this path would call one of Frappe's that is not asked by itself then.

	The searches for links are meant to be named so, and are known by what they take.
	"""
	try:
		called = frappe.get_attr(path)
		takes = tuple(signature(called).parameters)
	except Exception:
		return False
	is_frappes = canonical(path).startswith("frappe.")
	return is_frappes and path not in MAY_BE_CALLED and takes[: len(LINK_SEARCH)] != LINK_SEARCH


def told(method: str, form: dict) -> Iterator[tuple[str, str]]:
	"""Arguments by which a method that asks nobody is told a DocType whose rows are not for everybody."""
	if method in UNASKING or (is_count_of_assignments(method, form) and not may_list(form.get("doctype"))):
		yield from told_of(form)
	elif method == CHART:
		yield from told_by_heat_maps(form)
	elif method.startswith(KANBAN) and isinstance(form.get("board_name"), str):
		doctype = frappe.db.get_value("Kanban Board", form["board_name"], "reference_doctype")
		if guarded_doctype(doctype):
			yield "board_name", doctype


def is_count_of_assignments(method: str, form: dict) -> bool:
	"""Frappe v15 counts those of all rows that the filters match, whoever may see these."""
	return method == GROUPS and form.get("field") == "assigned_to"


def may_list(doctype: Any) -> bool:
	return is_doctype(doctype) and doctype != DELETED and bool(frappe.has_permission(doctype, "read"))


def check_report(form: dict) -> None:
	"""A report is run as whoever asks, and one that was kept is its owner's."""
	if form.get("user") not in (None, "", frappe.session.user):
		refuse_argument("user", _("must be yourself"), frappe.PermissionError)
	filters = parsed(form.get("filters"))
	for given in (form, filters if isinstance(filters, dict) else {}):
		for argument in KEPT_REPORT:
			name = given.get(argument)
			if name and not is_own_report(name):
				refuse_argument(argument, _("no report {0}").format(repr(name)), frappe.DoesNotExistError)


def is_own_report(name: Any) -> bool:
	kept = {"name": name, "owner": frappe.session.user}
	return isinstance(name, str) and bool(frappe.db.exists("Prepared Report", kept))


def check_attachments(attachments: Any) -> None:
	"""Files that are to be copied must be readable: Frappe copies whichever is named."""
	for name in attachments if isinstance(attachments, list) else []:
		if isinstance(name, str) and not may_read(name):
			refuse_argument("attachments", _("no file {0}").format(repr(name)), frappe.DoesNotExistError)


def named(value: Any, argument: str = "") -> Iterator[tuple[str, str]]:
	"""Arguments that name a guarded DocType or its table, and the DocType."""
	value = parsed(value)
	if isinstance(value, dict):
		for key, one in value.items():
			yield from named(key, argument or str(key))
			if key not in WORDS:
				yield from named(one, str(key))
	elif isinstance(value, list):
		for one in value:
			yield from named(one, argument)
	elif isinstance(value, str):
		doctype = guarded_doctype(value)
		if doctype and (" " in doctype or SAYS_DOCTYPE.search(argument)):
			yield argument, doctype
		elif table := TABLES.search(value):
			yield argument, table[0][3:]


def told_by_heat_maps(form: dict) -> Iterator[tuple[str, str]]:
	"""As `told_of`, by a chart that is sent or stored: the other kinds apply the permissions of lists."""
	charts = {"chart": parsed(form.get("chart"))}
	if isinstance(form.get("chart_name"), str):
		fields = ["type", "document_type"]
		charts["chart_name"] = frappe.db.get_value(
			"Dashboard Chart", form["chart_name"], fields, as_dict=True
		)
	for argument, chart in charts.items():
		doctype = chart.get("document_type") if isinstance(chart, dict) else None
		if isinstance(doctype, str) and chart.get("type") == "Heatmap" and is_told(doctype):
			yield argument, doctype


def is_told(doctype: str) -> bool:
	is_anothers = guarded_doctype(doctype) is not None or tells_of_documents(doctype)
	return is_anothers or not frappe.has_permission(doctype, "read")


def told_of(value: Any, argument: str = "") -> Iterator[tuple[str, str]]:
	"""Arguments that name a DocType whose rows tell of documents, guarded ones too, or another table."""
	value = parsed(value)
	if isinstance(value, dict):
		for key, one in value.items():
			yield from told_of(one, str(key))
	elif isinstance(value, list):
		for one in value:
			yield from told_of(one, argument)
	elif isinstance(value, str) and SAYS_DOCTYPE.search(argument) and tells_of_documents(value):
		yield argument, value


def tells_of_documents(doctype: str) -> bool:
	"""Whether rows say of which DocType a document is that they are about, as comments and tags do.

	So may those of a table that is of no DocType: the sessions, the passwords.
	"""
	if doctype == DELETED or not is_doctype(doctype):
		return True
	return bool(frappe.get_meta(doctype).get("fields", {"fieldtype": "Link", "options": "DocType"}))

"""The shape of the code that style and architecture promise."""

import ast
import json
import re
from pathlib import Path

from dartwing.dartwing_core.doctype.background_job import background_job

CORE = Path(background_job.__file__).parents[2]
ENGINE = CORE / "background_jobs"
PACKAGE = "dartwing.dartwing_core.background_jobs"

# bottom first: a module may import only what stands before it
LAYERS = [
	"texts",
	"error_log",
	"statuses",
	"errors",
	"config",
	"database_clock",
	"times",
	"comparisons",
	"conditions",
	"drivers",
	"framework",
	"snapshots",
	"transactions",
	"time_limit",
	"offspring",
	"surroundings",
	"fresh_context",
	"transition_log",
	"named_locks",
	"looks",
	"inserts",
	"retry",
	"access",
	"access_hooks",
	"references",
	"hidden",
	"job_files",
	"masking",
	"notifications",
	"queue_redis",
	"realtime",
	"doctype",
	"windows",
	"limits",
	"admission",
	"deduplication",
	"horse",
	"dispatcher",
	"direct_dispatch",
	"dependencies",
	"consequences",
	"errands",
	"control",
	"progress",
	"submission",
	"idempotency",
	"engine",
	"pages",
	"queries",
	"metrics",
	"charts",
	"exposition",
	"retry_queue",
	"outcomes",
	"endings",
	"refusals",
	"claims",
	"drain",
	"supervision",
	"executor",
	"recovery",
	"diagnosis",
	"maintenance",
	"former_organizations",
	"export_cells",
	"export_files",
	"cleanup",
	"dead_letter",
	"dossier",
	"selection",
	"scheduler",
	"samples",
	"exports",
]


def imports_of(path: Path) -> set[str]:
	"""Layers that a module of the engine imports at its top or in any function."""
	layers = set()
	for node in ast.walk(ast.parse(path.read_text())):
		if isinstance(node, ast.ImportFrom) and node.module:
			if node.module == PACKAGE:
				layers.update(alias.name for alias in node.names)
			elif node.module.startswith(f"{PACKAGE}."):
				layers.add(node.module.removeprefix(f"{PACKAGE}."))
			elif ".doctype." in node.module and node.module.startswith("dartwing."):
				layers.add("doctype")
	return layers


def test_every_module_has_a_layer():
	modules = {path.stem for path in ENGINE.glob("*.py")} - {"__init__"}
	assert modules | {"doctype"} == set(LAYERS)


def test_imports_go_one_way():
	wrong = [
		f"{layer} imports {imported}"
		for position, layer in enumerate(LAYERS)
		if layer != "doctype"
		for imported in imports_of(ENGINE / f"{layer}.py")
		if LAYERS.index(imported) >= position
	]
	assert wrong == []


def test_doctypes_import_only_lower_layers():
	below = set(LAYERS[: LAYERS.index("doctype")]) | {"doctype"}
	for path in (CORE / "doctype").glob("*/[!t]*.py"):
		assert imports_of(path) <= below, path


def test_functions_import_nothing():
	local = [
		f"{path.name}:{node.lineno}"
		for path in ENGINE.glob("*.py")
		for function in ast.walk(ast.parse(path.read_text()))
		if isinstance(function, ast.FunctionDef)
		for node in ast.walk(function)
		if isinstance(node, ast.Import | ast.ImportFrom)
	]
	assert local == []


def callers_of(name: str) -> set[str]:
	return {path.stem for path in CORE.rglob("*.py") if f"frappe.{name}(" in path.read_text()}


def modules_that_say(pattern: str) -> set[str]:
	"""Modules of the app, its tests left out."""
	paths = [path for path in CORE.parent.rglob("*.py") if "tests" not in path.relative_to(CORE.parent).parts]
	return {path.stem for path in paths if re.search(pattern, path.read_text()) and "test_" not in path.stem}


def test_one_module_knows_the_drivers_of_the_database():
	assert modules_that_say(r"import (pymysql|MySQLdb)|(pymysql|MySQLdb)\.\w|\"pymysql\"") == {"drivers"}


def test_one_module_asks_which_frappe_it_is():
	assert modules_that_say(r"frappe\.__version__|frappe_version") == {"framework"}


def test_one_module_enqueues_and_one_publishes():
	assert callers_of("enqueue") == {"dispatcher"}
	assert callers_of("publish_realtime") == {"realtime"}


def test_one_module_asks_what_time_it_is():
	"""Machines have clocks of their own; what they write and compare is of one, see `database_clock`.

	Files are as old as the machine says whose they are, and a membership's dates are days.
	"""
	own_clocks = re.compile(r"\b(now_datetime|utcnow|datetime\.now|date\.today|time\.time|nowdate|now)\(")
	found = {
		path.stem
		for path in (*ENGINE.glob("*.py"), *(CORE / "doctype").rglob("*.py"))
		if own_clocks.search(path.read_text())
	}
	assert {name for name in found if not name.startswith("test_")} == {
		"access",
		"database_clock",
		"export_files",
	}


def test_status_options_equal_the_state_machine():
	fields = {
		field["fieldname"]: field
		for field in json.loads((CORE / "doctype/background_job/background_job.json").read_text())["fields"]
	}
	assert fields["status"]["options"].split("\n") == list(background_job.STATUSES)
	assert fields["priority"]["options"].split("\n") == list(background_job.PRIORITIES)


def test_final_states_end_and_all_others_go_on():
	for status in background_job.STATUSES:
		assert bool(background_job.VALID_TRANSITIONS[status]) != (status in background_job.FINAL)


def test_every_status_can_reach_a_final_one():
	for status in background_job.STATUSES:
		reached, frontier = set(), {status}
		while frontier:
			reached |= frontier
			frontier = {to for one in frontier for to in background_job.VALID_TRANSITIONS[one]} - reached
		assert reached & set(background_job.FINAL), status


def test_nothing_engine_owned_is_editable_by_hand():
	for name in ("background_job", "job_execution_log"):
		doctype = json.loads((CORE / f"doctype/{name}/{name}.json").read_text())
		layout = ("Tab Break", "Section Break", "Column Break", "HTML")
		editable = [
			field["fieldname"]
			for field in doctype["fields"]
			if field["fieldtype"] not in layout and not field.get("read_only")
		]
		assert editable == []
		assert not any(
			permission.get("write") or permission.get("create") for permission in doctype["permissions"]
		)


def whitelisted_functions() -> list[tuple[str, ast.FunctionDef]]:
	return [
		(path.name, function)
		for path in CORE.rglob("*.py")
		for function in ast.walk(ast.parse(path.read_text()))
		if isinstance(function, ast.FunctionDef)
		and any("whitelist" in ast.unparse(decorator) for decorator in function.decorator_list)
	]


def test_every_whitelisted_argument_is_typed():
	"""Frappe v16 refuses to load an app otherwise (require_type_annotated_api_methods)."""
	untyped = [
		f"{name}: {function.name}({argument.arg})"
		for name, function in whitelisted_functions()
		for argument in (*function.args.args, *function.args.kwonlyargs)
		if argument.annotation is None
	]
	assert whitelisted_functions()
	assert untyped == []


# --- rows that others changed meanwhile, see snapshots.py

CHANGES_OR_LOCKS = re.compile(
	r"\b(update|delete from|replace into) (ignore )?`tab|\bfor update( skip locked)?\s*$|\bon duplicate key",
	re.I,
)
CHANGES_OF_FRAPPE = re.compile(
	r"frappe\.(db\.(delete|set_value|set_single_value)|delete_doc)\(|(?<!_book)\.save\("
)
# of the connection that commits each statement; called by what Frappe, or the engine, deletes; of no request
CONSIDERED = {
	"control._update",
	"background_job.on_trash",
	"background_job._delete",
	"job_files._delete_file",
	"install.ensure_settings",
	"install.after_uninstall",
	"install.remove_from_desktop",
}


def functions_that_change_or_lock_rows() -> set[str]:
	"""Those whose statements would be refused, on some servers, for rows that others changed meanwhile."""
	found = set()
	for path in (
		path for path in CORE.parent.rglob("*.py") if "test" not in str(path.relative_to(CORE.parent))
	):
		source = path.read_text()
		for function in ast.walk(ast.parse(source)):
			if isinstance(function, ast.FunctionDef):
				texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
				code = ast.get_source_segment(source, function) or ""
				is_sql = any(CHANGES_OR_LOCKS.search(text) for text in texts if isinstance(text, str))
				if (is_sql or CHANGES_OF_FRAPPE.search(code)) and "newest" not in code:
					found.add(f"{path.stem}.{function.name}")
	return found


def test_whatever_changes_or_locks_rows_gets_at_them_as_they_are_now():
	assert functions_that_change_or_lock_rows() == CONSIDERED


# --- tests in a browser


def test_desk_is_opened_left_and_clicked_through_what_waits_for_it():
	"""Clicked while it loads or fades, it is the page before that is clicked, or nothing."""
	impatient = re.compile(r"\.(goto|go_back|go_forward|reload|click|dblclick|check|uncheck|tap)\(")
	folder = Path(__file__).parents[1] / "desk"
	assert impatient.search((folder / "looking.py").read_text())
	assert [path.name for path in folder.glob("test_*.py") if impatient.search(path.read_text())] == []

"""The shape of the code that style and architecture promise."""

import ast
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from dartwing.dartwing_core.doctype.background_job import background_job

CORE = Path(background_job.__file__).parents[2]
ENGINE = CORE / "background_jobs"
PACKAGE = "dartwing.dartwing_core.background_jobs"

# from the top of the house to its bottom: a floor may import only what stands below it
HALL = "hall"
DOCTYPES = "doctypes"
GROUND = "ground floor"
ROOMS_ABOVE_DOCTYPES = (
	"insight",
	"clock",
	"upkeep",
	"schedules",
	"handlers",
	"execution",
	"steps",
	"submission",
	"dispatch",
)
ROOMS_BELOW_DOCTYPES = ("groups", "parameters", "announcing", "tenancy", "database")
ROOMS = (*ROOMS_ABOVE_DOCTYPES, *ROOMS_BELOW_DOCTYPES)
FLOORS = (HALL, *ROOMS_ABOVE_DOCTYPES, DOCTYPES, *ROOMS_BELOW_DOCTYPES, GROUND)
DOORS = {"engine", "executor", "retry", "scheduler", "metrics", "progress"}
ON_THE_GROUND = {"statuses", "errors", "config", "error_log", "framework", "texts", "type_limits", "memory"}
CONTROLLERS = sorted(path for path in (CORE / "doctype").glob("*/*.py") if not path.name.startswith("test_"))


def name_of(path: Path) -> str:
	return ".".join(("dartwing", *path.relative_to(CORE.parent).with_suffix("").parts))


MODULES = {name_of(path): path for path in (*ENGINE.rglob("*.py"), *CONTROLLERS) if path.stem != "__init__"}


def imports_of(path: Path) -> set[str]:
	"""Modules of the engine and the DocTypes that a module imports, at its top or in any function."""
	found = set()
	for node in ast.walk(ast.parse(path.read_text())):
		if isinstance(node, ast.ImportFrom) and node.module:
			found.update(f"{node.module}.{alias.name}" for alias in node.names)
			found.add(node.module)
		elif isinstance(node, ast.Import):
			found.update(alias.name for alias in node.names)
	return found & set(MODULES)


def floor_of(module: str) -> str:
	if not module.startswith(f"{PACKAGE}."):
		return DOCTYPES
	first, *rest = module.removeprefix(f"{PACKAGE}.").split(".")
	if rest:
		return first
	return GROUND if first in ON_THE_GROUND else HALL


def test_the_hall_has_the_six_doors_and_behind_them_are_rooms():
	assert {path.stem for path in ENGINE.glob("*.py")} == {"__init__"} | DOORS | ON_THE_GROUND
	assert {path.parent.name for path in ENGINE.glob("*/__init__.py")} == set(ROOMS)


def test_imports_go_down_from_floor_to_floor():
	wrong = [
		f"{module} imports {imported}"
		for module, path in MODULES.items()
		for imported in imports_of(path)
		if FLOORS.index(floor_of(imported)) < FLOORS.index(floor_of(module))
	]
	assert wrong == []


def test_no_module_imports_itself_in_a_circle():
	TopologicalSorter({module: imports_of(path) for module, path in MODULES.items()}).prepare()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_which_rooms_it_uses_and_uses_no_other(room):
	used = {floor_of(imported) for path in (ENGINE / room).glob("*.py") for imported in imports_of(path)} - {
		room,
		DOCTYPES,
		GROUND,
	}
	about = ast.get_docstring(ast.parse((ENGINE / room / "__init__.py").read_text())) or ""
	allowed = about.splitlines()[-1].removeprefix("May use: ").rstrip(".")
	assert allowed == (", ".join(sorted(used, key=ROOMS.index)) or "nothing but the ground floor")


def test_functions_import_nothing():
	local = [
		f"{path.name}:{node.lineno}"
		for path in ENGINE.rglob("*.py")
		for function in ast.walk(ast.parse(path.read_text()))
		if isinstance(function, ast.FunctionDef)
		for node in ast.walk(function)
		if isinstance(node, ast.Import | ast.ImportFrom)
	]
	assert local == []


# modules of Frappe that a controller, or a document of Frappe's, belongs to; some open files of the site
OF_DOCTYPES = re.compile(
	r"^(?:from|import) frappe\.(?:automation|core|desk|email|integrations|website)\b", re.M
)


def test_no_module_is_loaded_with_the_app_that_needs_a_site():
	found = [str(path) for path in CORE.parent.rglob("*.py") if OF_DOCTYPES.search(path.read_text())]
	assert found == [], "load it when it is used, with frappe.get_attr or import_module"


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


def test_lists_are_limited_in_the_words_of_every_version():
	"""Frappe v16 warns of `limit_page_length` and `limit_start`."""
	assert modules_that_say(r"\blimit_(page_length|start)\b") == {"framework"}


def test_one_module_enqueues_and_one_publishes():
	assert callers_of("enqueue") == {"wake_ups", "automation"}
	assert callers_of("publish_realtime") == {"realtime"}


def test_one_module_asks_what_time_it_is():
	"""Machines have clocks of their own; what they write and compare is of one, see `database_clock`.

	Files are as old as the machine says whose they are, and a membership's dates are days.
	"""
	own_clocks = re.compile(r"\b(now_datetime|utcnow|datetime\.now|date\.today|time\.time|nowdate|now)\(")
	found = {
		path.stem
		for path in (*ENGINE.rglob("*.py"), *(CORE / "doctype").rglob("*.py"))
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


def test_scripts_group_the_statuses_as_the_engine_does():
	page = (CORE.parent / "public/jobs/statuses.js").read_text()
	desk = (CORE.parent / "public/js/dartwing_jobs.js").read_text()
	for name, script in (("FINISHED", page), ("WAITING_FOR_RETRY", page), ("UNFINISHED", desk)):
		found = re.search(rf"\b{name}(?: =|:) (\[.*?\])", script, re.DOTALL)
		assert set(json.loads(found[1])) == set(getattr(background_job, name)), name


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
	for name in ("background_job", "job_execution_log", "job_group"):
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
	"control_connection._update",
	"control_connection.forget_log_before",
	"control_connection.forget_log_part",
	"control_connection.write_log_part",
	"deletion.delete_traces",
	"job_files._delete_file",
	"install.ensure_settings",
	"install.after_uninstall",
	"install.forget_documents",
	"install.remove_from_desktop",
}


IGNORES_SNAPSHOT = re.compile("ignoring_snapshot|snapshot_ignored")


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
				if (is_sql or CHANGES_OF_FRAPPE.search(code)) and not IGNORES_SNAPSHOT.search(code):
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

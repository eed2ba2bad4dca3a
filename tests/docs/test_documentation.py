"""The documentation does not rot: links lead somewhere, code runs, reference pages are complete."""

import re
import sys
import unittest
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import signature
from runpy import run_path
from types import CodeType, FunctionType, ModuleType, SimpleNamespace

import frappe
import pytest
import requests
from factories import World, make_job_type, submit_as
from pages import ROOT, Page, all_pages

from dartwing.dartwing_core import background_jobs
from dartwing.dartwing_core.api.endpoints import ENDPOINTS
from dartwing.dartwing_core.background_jobs import config, errors, get_job_status, scheduler
from dartwing.dartwing_core.background_jobs.announcing.transition_log import LOGGER
from dartwing.dartwing_core.background_jobs.executor import execute_job
from dartwing.dartwing_core.background_jobs.insight.exposition import exposition
from dartwing.dartwing_core.background_jobs.statuses import CANCELED, STATUSES, VALID_TRANSITIONS
from dartwing.dartwing_core.doctype.job_type.job_type import takes_job_context
from dartwing.testing import DartwingTestCase, JobKit, run_handler

PAGES = all_pages()
WITH_PYTHON = [page for page in PAGES if page.blocks("python")]
# an installed app's, as handlers must be
MODULE = "dartwing.tests.from_docs"
WITHOUT_VALUES = ("Section Break", "Column Break", "Tab Break", "HTML")
# what code on pages makes, beside jobs
LEFT_BY_READERS = ("Person", "File", "Notification Log")


def reference(name: str) -> str:
	return (ROOT / "docs/reference" / f"{name}.md").read_text()


# --- links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
	broken = []
	for link in page.links():
		path, _hash, anchor = link.partition("#")
		if "://" in path or path.startswith("mailto:"):
			continue
		target = (page.path.parent / path).resolve() if path else page.path
		if not target.exists() or (anchor and anchor not in Page(target).anchors()):
			broken.append(link)
	assert broken == []


def test_every_page_can_be_found_from_the_first_one():
	seen, new = set(), {ROOT / "README.md"}
	while new:
		page = Page(new.pop())
		seen.add(page.path)
		linked = {(page.path.parent / link.partition("#")[0]).resolve() for link in page.links()}
		new |= {path for path in linked if path.suffix == ".md" and path.exists()} - seen
	assert {page.path for page in PAGES if page.name.startswith("docs/")} <= seen


def test_the_architecture_is_drawn_as_the_imports_are():
	drawn = run_path(str(ROOT / "docs/draw_architecture.py"))["drawn"]()
	assert (ROOT / "docs/explanation/architecture.md").read_text() == drawn, "run `make architecture`"


def test_no_page_has_holes():
	for page in PAGES:
		assert not re.search(r"\b(TODO|TBD|FIXME|XXX)\b", page.text), page.name


# --- code


@pytest.fixture
def reader(clean, monkeypatch, capsys) -> Iterator[Callable[[Page], None]]:
	"""Somebody who does what a page says, as Administrator, with a worker beside."""
	before = {doctype: frappe.get_all(doctype, pluck="name") for doctype in LEFT_BY_READERS}
	module = ModuleType(MODULE)
	monkeypatch.setitem(sys.modules, MODULE, module)
	monkeypatch.setattr(import_module("dartwing.tests"), "from_docs", module, raising=False)
	answer = SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"id": "ch_1"})
	monkeypatch.setattr(requests, "post", lambda *_arguments, **_options: answer)

	def follow(page: Page) -> None:
		console = {"frappe": frappe}
		for block in page.blocks("python"):
			code = compile(for_the_world(block.text), page.name, "exec")
			if block.is_test:
				run_tests(code)
				continue
			if block.module:
				if not block.is_part:
					vars(module).clear()
					module.__name__ = MODULE
				exec(code, vars(module))
				register(module, page)
				continue
			capsys.readouterr()
			exec(code, console)
			assert capsys.readouterr().out.splitlines() == block.prints, f"{block.text}\n{dead_letters()}"
			work_until_nothing_is_due()

	yield follow
	frappe.db.rollback()
	frappe.set_user("Administrator")
	for name in frappe.get_all("Job Type", {"handler_method": ("like", f"{MODULE}.%")}, pluck="name"):
		frappe.db.delete("Job Type", {"name": name})
		frappe.clear_document_cache("Job Type", name)
	for doctype, names in before.items():
		for name in frappe.get_all(doctype, {"name": ("not in", names or [""])}, pluck="name"):
			# with what it has on disk
			frappe.delete_doc(doctype, name, force=True)
	frappe.db.delete("Organization", {"name": "Alpine Club of Docs"})
	frappe.db.commit()


def run_tests(code: CodeType) -> None:
	"""The tests of a file, as pytest and bench run them."""
	tests: dict = {"__name__": "tests_of_a_page"}
	exec(code, tests)
	for name, test in tests.items():
		if name.startswith("test_"):
			with JobKit() as kit:
				given = {"dartwing_jobs": kit, "run_handler": run_handler}
				test(**{argument: given[argument] for argument in signature(test).parameters})
				frappe.db.rollback()
		elif isinstance(test, type) and issubclass(test, DartwingTestCase) and test is not DartwingTestCase:
			result = unittest.TestResult()
			unittest.defaultTestLoader.loadTestsFromTestCase(test).run(result)
			assert (result.testsRun > 0, result.errors, result.failures) == (True, [], [])


def for_the_world(text: str) -> str:
	"""With the names that there are here, where the page names its own."""
	text = re.sub(r"my_app\.(?:jobs|scans)\b", MODULE, text)
	making = text.replace('org_name="Alpine Club"', 'org_name="Alpine Club of Docs"')
	return making.replace('"Alpine Club"', repr(World.alpha))


def register(module: ModuleType, page: Page) -> None:
	"""A Job Type for each handler, as its reader makes in Desk where the page does not make it itself."""
	for name, handler in list(vars(module).items()):
		if getattr(handler, "__module__", None) != MODULE or not isinstance(handler, FunctionType):
			continue
		is_made = name in types_made_on(page) or frappe.db.exists("Job Type", name)
		if takes_job_context(handler) and not is_made:
			values = {"type_name": name, "display_name": name, "handler_method": f"{MODULE}.{name}"}
			frappe.get_doc({"doctype": "Job Type", **values}).insert()
	frappe.db.commit()


def types_made_on(page: Page) -> set[str]:
	making = [block.text for block in page.blocks("python") if 'doctype="Job Type"' in block.text]
	return set(re.findall(r'"(\w+)"', "".join(making)))


def work_until_nothing_is_due() -> None:
	"""What a worker and the minute's tick would do."""
	while queued := jobs_that_are("Queued"):
		for name in queued:
			execute_job(name)
		if jobs_that_are("Failed"):
			scheduler.tick()


def jobs_that_are(status: str) -> list[str]:
	frappe.db.rollback()
	return frappe.get_all("Background Job", {"organization": World.alpha, "status": status}, pluck="name")


def dead_letters() -> list[tuple[str, str]]:
	"""Why they died: a page that is wrong is mended faster with it."""
	here = {"organization": World.alpha, "status": "Dead Letter"}
	return frappe.get_all("Background Job", here, ["job_type", "error_message"], as_list=True)


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_code_of_a_page_does_what_the_page_says(reader, page):
	reader(page)


FIRST_PAGES = [
	ROOT / "README.md",
	ROOT / "docs/tutorial/first-job.md",
	ROOT / "docs/how-to/write-a-handler.md",
]


@pytest.mark.parametrize("page", map(Page, FIRST_PAGES), ids=lambda page: page.name)
def test_the_first_handlers_work_for_a_member_who_may_not_create_a_person(reader, page):
	assert not frappe.has_permission("Person", "create", user=World.alice)
	make_job_type("handler_of_docs", handler_method=f"{MODULE}.{handler_of(page)}")
	frappe.db.commit()
	job = submit_as(World.alice, "handler_of_docs", World.alpha, {"names": ["Ada", "Grace"]})
	execute_job(job.name)
	frappe.db.rollback()
	assert get_job_status(job.name)["result"] == {"people": 2}, dead_letters()


def handler_of(page: Page) -> str:
	"""Its first handler, in the module that the page's reader writes."""
	(block, *_others) = [block for block in page.blocks("python") if block.module]
	exec(for_the_world(block.text), vars(sys.modules[MODULE]))
	return re.findall(r"^def (\w+)", block.text, re.MULTILINE)[-1]


def test_no_handler_asks_for_more_rights_than_a_member_has():
	handlers = [block.text for page in PAGES for block in page.blocks("python") if block.module]
	assert [text for text in handlers if re.search(r'doctype="Person".*\.insert\(\)', text)] == []


def test_the_demo_runs_the_handlers_of_the_tutorial():
	handlers = Page(ROOT / "docs/tutorial/a-scan-in-parts.md").blocks("python")[0].text
	functions = handlers[handlers.index("def ") :]
	assert functions in (ROOT / "dartwing/tests/scans.py").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_functions_and_methods_that_there_are(page):
	for text in [block.text for block in page.blocks("sh")] + re.findall(r"`([^`\n]+)`", page.text):
		for path in re.findall(r"(?:execute |/api/method/|^)(dartwing\.[\w.]+)", text):
			if "<" in text or path.endswith("."):
				continue
			module, _dot, name = path.rpartition(".")
			found = getattr(import_module(module), name, None)
			assert found is not None, f"{page.name}: {path}"


# --- reference


def test_the_python_api_has_every_public_name():
	assert [name for name in background_jobs.__all__ if f"`{name}" not in reference("python-api")] == []


def test_the_rest_api_has_every_method():
	assert [name for name in ENDPOINTS if f"`{name}`" not in reference("rest-api")] == []


def test_errors_has_every_error():
	classes = [name for name, value in vars(errors).items() if isinstance(value, type)]
	ours = [name for name in classes if getattr(errors, name).__module__ == errors.__name__]
	assert [name for name in ours if f"`{name}" not in reference("errors")] == []


def test_settings_has_every_key_with_its_default():
	missing = [
		name
		for name, value in config.DEFAULTS.items()
		if f"| `dartwing_{name}` | {value} |" not in reference("settings")
	]
	assert missing == []


@pytest.mark.parametrize("doctype", ["Job Engine Settings", "Job Type", "Organization"])
def test_settings_has_every_field_with_its_default(site, doctype):
	text = reference("settings")
	table = [line[2:].split(" | ") for line in text.splitlines() if line.startswith("| ")]
	named = {pair for row in table for pair in zip(row[0].split(", "), in_code(row[1]), strict=False)}
	for field in frappe.get_meta(doctype).fields:
		if field.hidden or field.fieldtype in ("Section Break", "Column Break", "Tab Break"):
			continue
		if doctype == "Organization" and field.fieldname in ("org_name", "org_type", "status", "logo"):
			continue
		assert field.label in text, field.label
		if doctype != "Organization":
			assert (field.label, field.fieldname) in named, field.label
		rows = [line for line in text.splitlines() if line.startswith("|") and field.label in line]
		if rows and field.fieldtype == "Int":
			assert f"| {field.default or 0} |" in rows[0], field.label


def in_code(text: str) -> list[str]:
	return re.findall(r"`(\w+)`", text)


def test_background_job_has_every_field_that_people_are_shown(site):
	shown = {
		field.fieldname: field.label
		for field in frappe.get_meta("Background Job").fields
		if field.fieldtype not in WITHOUT_VALUES and not field.hidden
		if not field.permlevel or field.fieldname == "input_parameters"
	}
	rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", reference("background-job"), re.MULTILINE)
	assert dict(rows) == {"name": "ID", **shown}


def test_metrics_has_every_metric(site):
	names = re.findall(r"^# TYPE (\S+) ", exposition().decode(), re.MULTILINE)
	assert names
	assert [name for name in names if f"`{name}`" not in reference("metrics")] == []


def test_logs_names_the_file_and_every_key(site):
	text = reference("logs")
	assert f"{LOGGER}.log" in text
	(line,) = re.findall(r"dartwing\.jobs (\{.*\})", text)
	keys = list(frappe.parse_json(line))
	assert all(f"`{key}`" in text for key in keys)


def test_the_diagrams_of_a_jobs_statuses_have_its_transitions():
	"""The short one leaves the cancels to a sentence."""
	long = (ROOT / "dartwing/dartwing_core/doctype/background_job/README.md").read_text()
	short = (ROOT / "docs/explanation/job-lifecycle.md").read_text()
	known = {(start, to) for start, ends in VALID_TRANSITIONS.items() for to in ends}
	assert drawn_transitions(long) == known
	assert drawn_transitions(short) == {(start, to) for start, to in known if to != CANCELED}


def drawn_transitions(page: str) -> set[tuple[str | None, str]]:
	named = {status.replace(" ", ""): status for status in STATUSES}
	drawn = re.findall(r"^ +(\S+) --> (\w+)", page, re.MULTILINE)
	return {(named.get(start), named[to]) for start, to in drawn}

"""A group's form: the graph of its jobs, live, by mouse, keyboard and as a list."""

import frappe
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_client import PHONE, WIDE
from canaries import HOSTILE, NAME, TYPE, canaries, check, watch
from factories import OBLIGING, World, acting_as, end
from framework import since
from looking import DESK, arrive, go_to, is_marked, job_path, mark, press
from playwright.sync_api import Locator, Page, expect

from dartwing.dartwing_core.background_jobs import Flow, Job

GRAPH = "[data-fieldname=graph] .dartwing-graph"


def a_flow(world: World, pages: int = 2, title: str = "Scan", **more: object) -> tuple[str, list[str]]:
	"""A group of a job, some that depend on it, and one that depends on all of these; its ids in order."""
	jobs = [Job(OBLIGING, {"mode": "succeed", "n": number, **more}) for number in range(pages + 2)]
	first, *between, last = jobs
	with acting_as(world.alice):
		made = Flow(title, first >> between >> last).submit(world.alpha)
		frappe.db.commit()
	return made.group_id, [job.name for job in made.jobs]


def group_path(name: str) -> str:
	return f"{DESK}/job-group/{name}"


def nodes(page: Page) -> Locator:
	return page.locator(f"{GRAPH} a.node")


def node(page: Page, job: str) -> Locator:
	return page.locator(f'{GRAPH} a.node[data-job="{job}"]')


def lines(page: Page) -> list[list[str]]:
	found = page.locator(f"{GRAPH} path.line")
	return found.evaluate_all("all => all.map((one) => [one.dataset.from, one.dataset.to])")


def open_group(desk, user: str, group: str, number: int, **options: object) -> Page:
	page = desk(user, group_path(group), **options)
	expect(nodes(page)).to_have_count(number)
	return page


def test_jobs_are_drawn_with_lines_to_those_that_depend_on_them(world, desk):
	group, (first, one, other, last) = a_flow(world)
	page = open_group(desk, world.alice, group, 4)
	assert sorted(lines(page)) == sorted([[first, one], [first, other], [one, last], [other, last]])
	expect(node(page, first)).to_contain_text(OBLIGING)
	expect(node(page, first)).to_contain_text("Queued")
	expect(node(page, last)).to_contain_text("Pending")
	left = [node(page, name).bounding_box()["x"] for name in (first, one, last)]
	assert left == sorted(set(left))


def test_jobs_move_without_a_reload_and_the_drawing_stays(world, desk):
	group, (first, *_others) = a_flow(world)
	page = open_group(desk, world.alice, group, 4)
	mark(page)
	page.evaluate(f"document.querySelector('{GRAPH} a.node').was_before = true")
	page.route("**/*get_group_graph*", lambda route: route.abort())
	end(first, "Running")
	expect(node(page, first)).to_contain_text("Running")
	end(first, "Completed")
	expect(node(page, first)).to_contain_text("Completed")
	assert page.evaluate(f"document.querySelector('{GRAPH} a.node').was_before")
	assert is_marked(page)
	page.unroute_all()


def test_what_a_list_depends_on_and_what_depends_on_it_is_one_line_to_its_frame(world, desk):
	group, names = a_flow(world, pages=9)
	page = open_group(desk, world.alice, group, 11)
	assert sorted(lines(page)) == [[names[0], names[1]], [names[1], names[-1]]]
	expect(page.locator(f"{GRAPH} .frame")).to_have_count(1)


def test_two_hundred_jobs_are_drawn_and_the_others_are_counted(world, desk):
	group, _names = a_flow(world, pages=210)
	page = open_group(desk, world.alice, group, 200)
	expect(page.locator(GRAPH)).to_contain_text("12 more jobs are not shown.")
	press(page.get_by_role("button", name="Show all"))
	window = page.locator(f"{GRAPH} .window")
	fits = "one => one.scrollWidth <= one.clientWidth + 1 && one.scrollHeight <= one.clientHeight + 1"
	assert window.evaluate(fits)
	press(page.get_by_role("button", name="Zoom in"))
	press(page.get_by_role("button", name="Zoom in"))
	assert not window.evaluate(fits)


def test_the_graph_is_walked_and_a_job_opened_with_the_keyboard(world, desk):
	group, names = a_flow(world)
	page = open_group(desk, world.alice, group, 4)
	page.get_by_role("button", name="Show all").focus()
	keyboard, focused = page.keyboard, "document.activeElement"
	keyboard.press("Tab")
	assert page.evaluate(f"{focused}.getAttribute('aria-label')") == "Graph of the jobs"
	walked = []
	for _name in names:
		keyboard.press("Tab")
		walked.append(page.evaluate(f"{focused}.dataset.job"))
	assert walked == names
	assert page.evaluate(f"{focused}.getAttribute('aria-label')") == f"{OBLIGING} {names[-1]}, Pending"
	keyboard.press("Enter")
	arrive(page, job_path(names[-1]))


def test_a_drag_moves_the_graph_and_opens_nothing(world, desk):
	group, _names = a_flow(world, pages=60)
	page = open_group(desk, world.alice, group, 62)
	window = page.locator(f"{GRAPH} .window")
	window.scroll_into_view_if_needed()
	box = nodes(page).nth(1).bounding_box()
	page.mouse.move(box["x"] + 30, box["y"] + 20)
	page.mouse.down()
	page.mouse.move(box["x"] - 60, box["y"] - 40, steps=4)
	page.mouse.up()
	assert window.evaluate("one => one.scrollLeft + one.scrollTop") > 0
	assert page.url.endswith(group)


def test_the_same_is_said_as_a_list(world, desk):
	group, (first, one, other, last) = a_flow(world)
	page = open_group(desk, world.alice, group, 4)
	press(page.get_by_text("The same as a list"))
	rows = page.locator(f"{GRAPH} tbody tr")
	expect(rows).to_have_count(4)
	assert rows.last.get_by_role("link").all_inner_texts() == [last, one, other]
	end(first, "Running")
	expect(rows.first).to_contain_text("Running")


def test_the_library_comes_with_a_graph_only(world, desk):
	group, (first, *_others) = a_flow(world)
	page = desk(world.alice, job_path(first))
	asked: list[str] = []
	page.on("request", lambda request: asked.append(request.url))
	go_to(page, f"{DESK}/job-group")
	assert not [url for url in asked if "dagre" in url]
	go_to(page, group_path(group))
	expect(nodes(page)).to_have_count(4)
	assert len([url for url in asked if "dagre" in url]) == 1


def test_without_the_library_there_is_the_list(world, desk):
	group, names = a_flow(world)
	page = desk(world.alice, f"{DESK}/job-group")
	page.route("**/*dagre*", lambda route: route.abort())
	go_to(page, group_path(group))
	expect(page.locator(GRAPH)).to_contain_text("The graph could not be loaded.")
	expect(page.locator(f"{GRAPH} tbody tr")).to_have_count(len(names))


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_graph(world, desk, width, theme):
	group, names = a_flow(world, pages=6)
	for name, status in zip(
		names, ("Completed", "Running", "Dead Letter", "Canceled", "Failed"), strict=False
	):
		end(name, status)
	page = open_group(desk, world.alice, group, 8, viewport=width)
	page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
	press(page.get_by_text("The same as a list"))
	results = Axe().run(page, context=".dartwing-graph")
	assert results.violations_count == 0, results.generate_report()
	assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def test_nothing_in_the_graph_runs_or_is_markup(world, desk):
	with canaries(world):
		with acting_as(world.alice):
			made = Flow(HOSTILE[:140], Job(TYPE, {"mode": "succeed", "html": HOSTILE})).submit(NAME)
			frappe.db.commit()
		try:
			if not since(16, 0):
				# the form of v16 shows every title as markup; the engine keeps none
				frappe.db.set_value("Job Group", made.group_id, "title", HOSTILE[:140])
				frappe.db.commit()
			page = desk(world.alice, f"{DESK}/background-jobs")
			dialogs = watch(page)
			page.route("**/*get_group_graph*", lambda route: route.fulfill(json={"message": hostile_graph()}))
			go_to(page, group_path(made.group_id))
			expect(nodes(page)).to_have_count(2)
			expect(nodes(page).first).to_contain_text("__canary")
			press(page.get_by_text("The same as a list"))
			nodes(page).first.hover()
			check(page, dialogs)
		finally:
			frappe.db.delete("Job Group", {"name": made.group_id})
			frappe.db.commit()


def hostile_graph() -> dict:
	"""Worse than any that the server can answer."""
	fields = {"job_type": HOSTILE, "status": HOSTILE, "progress": HOSTILE}
	return {
		"nodes": [{"name": HOSTILE, **fields}, {"name": f"{HOSTILE} 2", **fields}],
		"edges": [[HOSTILE, f"{HOSTILE} 2"]],
		"more": 0,
	}

"""A job's form: live, and with the buttons that its reader may use."""

import json

import frappe
import pytest
from factories import OBLIGING, World, end, keep_log, keep_step, state, submit, submit_as, transitions
from looking import (
	DESK,
	arrive,
	button,
	confirm,
	expect_status,
	go_to,
	is_marked,
	job_path,
	mark,
	press,
	wait_for_progress,
)
from playwright.sync_api import expect

from dartwing.dartwing_core.background_jobs.announcing.masking import MASK


def long_job(world: World, **parameters: object) -> str:
	parameters = {"steps": 400, "step_seconds": 0.1, **parameters}
	return submit_as(world.alice, "long_running_job", world.alpha, parameters).name


def test_progress_moves_on_an_open_form_without_a_reload(world, desk, worker):
	job = long_job(world)
	page = desk(world.alice, job_path(job))
	expect_status(page, "Queued")
	mark(page)
	worker()
	expect_status(page, "Running")
	# from here on nothing can be read: what moves is what was sent
	page.route("**/*get_dossier*", lambda route: route.abort())
	page.route("**/*getdoc*", lambda route: route.abort())
	first = wait_for_progress(page, beyond=0)
	wait_for_progress(page, beyond=first)
	assert is_marked(page)
	page.unroute_all()
	press(button(page, "Cancel Job"))
	confirm(page)
	expect_status(page, "Canceled")
	assert state(job)["status"] == "Canceled"
	assert is_marked(page)


def test_lines_of_the_log_appear_on_an_open_form(world, desk, worker):
	job = submit(world.alice, mode="log_lines", how="one_now_and_then", lines=60, seconds=0.3).name
	page = desk(world.alice, job_path(job))
	expect_status(page, "Queued")
	mark(page)
	worker()
	log = page.get_by_role("log", name="Log")
	expect(log).to_contain_text("line 1")
	# from here on nothing can be read: what comes is what was sent
	page.route("**/*get_job_log*", lambda route: route.abort())
	expect(log).to_contain_text("line 12")
	shown = log.locator(".log-text").all_inner_texts()
	assert shown == [f"line {number + 1}" for number in range(len(shown))]
	assert is_marked(page)
	page.unroute_all()


def test_lines_are_texts_and_what_is_missing_is_said(world, desk):
	job = submit(world.alice).name
	keep_log(job, ["<b>first</b>"])
	keep_log(job, ["last"], first=1_000)
	keep_log(job, ["again"], attempt=2)
	log = desk(world.alice, job_path(job)).get_by_role("log", name="Log")
	expect(log.locator(".log-text")).to_have_text(["<b>first</b>", "last", "again"])
	expect(log.locator(".log-note")).to_have_text(["998 lines are not kept", "Attempt 2"])
	expect(log.locator("b")).to_have_count(0)


def test_what_a_section_shows_does_not_touch_its_end(world, desk):
	job = submit(world.alice).name
	end(job, "Running")
	page = desk(world.alice, job_path(job))
	expect_status(page, "Running")
	for field, shown in (("overview", ".dartwing-facts"), ("history", ".dartwing-attempts")):
		section = page.locator(".form-section", has=page.locator(f"[data-fieldname={field}]"))
		box, ends = section.locator(shown).bounding_box(), section.bounding_box()
		assert ends["y"] + ends["height"] - box["y"] - box["height"] >= 10


def test_a_form_that_lost_its_connection_shows_what_happened_meanwhile(world, desk, browsed):
	job = submit(world.alice).name
	page = desk(world.alice, job_path(job))
	expect_status(page, "Queued")
	mark(page)
	browsed.stop_socketio()
	end(job, "Running")
	browsed.start_socketio()
	expect_status(page, "Running")
	assert is_marked(page)
	# and it listens again
	page.wait_for_function("frappe.realtime.socket.connected")
	end(job, "Completed")
	expect_status(page, "Completed")
	assert is_marked(page)


def test_an_admin_retries_a_dead_letter_and_a_member_is_not_offered_it(world, desk):
	job = submit(world.alice).name
	end(job, "Dead Letter", error_message="no answer")
	page = desk(world.alice, job_path(job))
	expect_status(page, "Dead Letter")
	expect(button(page, "Job Type")).to_be_visible()
	expect(button(page, "Retry")).to_have_count(0)
	expect(button(page, "Discard")).to_have_count(0)
	page = desk(world.adam, job_path(job))
	press(button(page, "Retry"))
	expect_status(page, "Queued")
	expect(button(page, "Retry")).to_have_count(0)
	assert ("Dead Letter", "Queued") in transitions(job)


def test_a_long_error_of_an_attempt_leaves_the_other_columns_their_width(world, desk):
	job = submit(world.alice).name
	end(job, "Failed", message="no answer from the server at all " * 20 + "x" * 200)
	page = desk(world.adam, job_path(job))
	expect_status(page, "Failed")
	for width in (1400, 1000):
		page.set_viewport_size({"width": width, "height": 900})
		cells = page.locator(".dartwing-attempts tbody tr").first.locator("td")
		lines = cells.evaluate_all(
			"""cells => cells.map((cell) => {
				const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT).nextNode();
				if (!text) return 1;
				const range = document.createRange();
				range.selectNodeContents(text);
				return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
			})"""
		)
		assert max(lines[:-1]) == 1
		assert lines[-1] > 1
		table = page.locator(".dartwing-attempts").first
		assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")


def test_a_discard_asks_for_its_reason(world, desk):
	job = submit(world.alice).name
	end(job, "Dead Letter", error_message="no answer")
	page = desk(world.adam, job_path(job))
	press(button(page, "Discard"))
	page.locator(".modal.show [data-fieldname=reason] textarea").fill("the customer left")
	confirm(page, "Discard")
	expect_status(page, "Canceled")
	expect(page.locator("[data-fieldname=history]")).to_contain_text("the customer left")


def test_the_timeline_has_each_transition_and_each_attempt_with_its_error(world, desk):
	job = submit(world.alice).name
	end(job, "Failed", error_message="no answer", error_traceback="Traceback (most recent call last)")
	page = desk(world.adam, job_path(job))
	expect_status(page, "Failed")
	steps = page.locator("[data-fieldname=history] .dartwing-steps li")
	expect(steps).to_have_count(len(transitions(job)))
	expect(steps.nth(0)).to_contain_text("Pending")
	expect(steps.nth(0).locator(".lasted")).not_to_be_empty()
	expect(page.locator("[data-fieldname=history] .dartwing-attempts tbody tr")).to_have_count(1)
	# folded until somebody wants it
	traceback = page.locator("[data-fieldname=error_traceback]")
	expect(traceback).to_be_hidden()
	press(page.locator(".section-head", has_text="Traceback"))
	expect(traceback).to_contain_text("Traceback (most recent call last)")


def test_parent_and_child_lead_to_each_other(world, desk):
	parent = submit(world.alice).name
	child = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent).name
	page = desk(world.alice, job_path(parent))
	press(page.locator("[data-fieldname=overview] a", has_text=child))
	arrive(page, job_path(child))
	expect(page.locator("[data-fieldname=overview]:visible a", has_text=parent)).to_be_visible()
	expect(page.locator("[data-fieldname=overview]:visible .message")).to_have_text(f"waits for {parent}")


def test_a_job_that_waits_for_several_names_the_first_that_has_not_ended(world, desk):
	parents = [submit(world.alice, number=number).name for number in range(3)]
	child = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parents).name
	end(parents[0], "Completed")
	page = desk(world.alice, job_path(child))
	message = page.locator("[data-fieldname=overview]:visible .message")
	expect(message).to_have_text(f"waits for {parents[1]} and 1 more")


def test_the_output_is_a_link(world, desk):
	job = submit(world.alice).name
	end(job, "Completed", output_reference="https://files.example/report.csv")
	page = desk(world.alice, job_path(job))
	expect(page.locator(".dartwing-output")).to_have_attribute("href", "https://files.example/report.csv")


def test_secrets_of_the_parameters_are_not_sent_to_the_browser(world, desk):
	secrets = {"password": "hunter2", "nested": [{"apiKey": "sk-93f2b7"}], "page": 7}
	job = submit(world.alice, **secrets).name
	for user in (world.alice, world.manager):
		page = desk(user, DESK)
		said: list[str] = []
		page.on("requestfinished", lambda request, said=said: said.append(_text_of(request)))
		go_to(page, job_path(job))
		expect_status(page, "Queued")
		press(page.get_by_role("tab", name="Input and Output"))
		shown = json.loads(page.locator("[data-fieldname=parameters] pre.dartwing-json").inner_text())
		assert shown == {
			"mode": "succeed",
			"password": MASK,
			"nested": [{"apiKey": MASK}],
			"page": 7,
		}
		page.wait_for_load_state("networkidle")
		everything = "\n".join([page.content(), page.evaluate("JSON.stringify(cur_frm.doc)"), *said])
		assert job in everything
		assert "hunter2" not in everything
		assert "sk-93f2b7" not in everything


def _text_of(request) -> str:
	response = request.response()
	is_text = response and "json" in (response.headers.get("content-type") or "")
	return response.text() if is_text else ""


def test_nothing_of_a_job_can_be_edited(world, desk):
	job = submit(world.alice).name
	page = desk(world.manager, job_path(job))
	expect_status(page, "Queued")
	writable = (
		"cur_frm.fields.filter((field) => field.disp_status === 'Write').map((field) => field.df.label)"
	)
	assert page.evaluate(writable) == []
	expect(button(page, "Save")).to_have_count(0)


def test_a_button_that_comes_too_late_says_what_the_job_is(world, desk, browsed):
	job = submit(world.alice).name
	page = desk(world.alice, job_path(job))
	press(button(page, "Cancel Job"))
	# the form does not hear of it
	page.evaluate("frappe.realtime.socket.disconnect()")
	end(job, "Completed")
	confirm(page)
	expect(page.locator(".modal.show .msgprint")).to_contain_text("is Completed")
	expect_status(page, "Completed")


def dead_letter_with_steps(world: World) -> str:
	job = submit(world.alice).name
	end(job, "Running")
	keep_step(job, "fetch <b>all</b>", items_done=0)
	keep_step(job, "people", 2, is_done=False, items_done=3, items_total=7)
	end(job, "Dead Letter", error_message="no answer")
	return job


def test_the_steps_of_a_job_are_shown(world, desk):
	page = desk(world.alice, job_path(dead_letter_with_steps(world)))
	rows = page.locator("[data-steps] tbody tr")
	expect(rows).to_have_count(2)
	expect(rows.nth(0)).to_contain_text("fetch <b>all</b>")
	expect(rows.nth(0)).to_contain_text("done")
	expect(rows.nth(1)).to_contain_text("3 of 7")
	expect(rows.nth(1)).to_contain_text("goes on")


@pytest.mark.parametrize(("begins_anew", "kept"), [(False, 2), (True, 0)])
def test_who_retries_a_job_with_steps_chooses_whether_it_begins_anew(world, desk, begins_anew, kept):
	job = dead_letter_with_steps(world)
	page = desk(world.adam, job_path(job))
	press(button(page, "Retry"))
	question = page.get_by_role("dialog")
	if begins_anew:
		press(question.get_by_label("Begin anew"))
	press(question.get_by_role("button", name="Retry"))
	expect_status(page, "Queued")
	frappe.db.rollback()
	assert frappe.db.count("Job Step", {"background_job": job}) == kept

"""The page /jobs in a real browser: what members see, and that it moves by itself."""

import json

import frappe
import pytest
from factories import (
	OBLIGING,
	acting_as,
	end,
	keep_step,
	make_job_type,
	state,
	submit,
	submit_as,
	wait_until,
)
from playwright.sync_api import expect

from dartwing.dartwing_core.background_jobs import submit_jobs

# a stock worker on a busy machine may need this long to start
PATIENCE_MS = 120_000


def test_progress_moves_without_a_reload(visit, world, worker):
	page = visit(world.alice)
	page.page.evaluate("window.was_not_reloaded = true")
	job = submit(mode="report_and_wait", seconds=6)
	row = page.row(job.name)
	expect(row.get_by_text("Running", exact=True)).to_be_visible(timeout=PATIENCE_MS)
	expect(row.get_by_text("second", exact=True)).to_be_visible()
	expect(row.get_by_role("progressbar")).to_have_js_property("value", 42)
	expect(row.get_by_text("Completed", exact=True)).to_be_visible()
	assert page.page.evaluate("window.was_not_reloaded")


def test_a_member_without_access_to_desk_follows_the_jobs_of_all_their_organizations(visit, world, wanda):
	assert frappe.db.get_value("User", wanda, "user_type") == "Website User"
	page = visit(wanda)
	in_alpha, in_beta = submit(), submit(world.bob, world.beta)
	end(in_alpha.name, "Completed")
	expect(page.row(in_alpha.name)).to_contain_text("Completed")
	expect(page.row(in_alpha.name)).to_contain_text(world.alpha)
	expect(page.row(in_beta.name)).to_contain_text("Queued")


def test_a_member_sees_only_the_jobs_of_their_organization(visit, world):
	foreign = submit(world.bob, world.beta)
	mine = submit()
	page = visit(world.alice)
	expect(page.rows).to_have_count(1)
	also_foreign = submit(world.bob, world.beta)
	end(foreign.name, "Completed")
	also_mine = submit()
	page.expect_jobs(also_mine.name, mine.name)
	content = page.page.content()
	assert not any(name in content for name in (foreign.name, also_foreign.name, world.beta))


def test_another_organizations_job_does_not_exist_by_its_address_either(visit, world):
	foreign = submit(world.bob, world.beta)
	page = visit(world.alice, f"/jobs?job={foreign.name}")
	expect(page.dialog.get_by_role("alert")).to_contain_text(f"no job '{foreign.name}'")


def test_cancel_asks_first_and_shows_the_outcome(visit, world):
	job = submit()
	end(job.name, "Running")
	page = visit(world.alice)
	page.row(job.name).get_by_role("button", name="Cancel").click()
	page.button("Let it go on").click()
	assert state(job.name)["status"] == "Running"
	page.row(job.name).get_by_role("button", name="Cancel").click()
	page.button("Cancel the job").click()
	expect(page.row(job.name)).to_contain_text("Canceled")
	expect(page.row(job.name).get_by_role("button", name="Cancel")).to_have_count(0)
	assert state(job.name)["status"] == "Canceled"


def test_what_a_user_may_not_do_is_not_offered(visit, world):
	of_admin, of_alice = submit(world.adam), submit()
	member, admin = visit(world.alice), visit(world.adam)
	expect(member.row(of_alice.name).get_by_role("button", name="Cancel")).to_have_count(1)
	expect(member.row(of_admin.name).get_by_role("button", name="Cancel")).to_have_count(0)
	expect(admin.row(of_alice.name).get_by_role("button", name="Cancel")).to_have_count(1)
	end(of_alice.name, "Dead Letter", error_message="of no use")
	expect(admin.row(of_alice.name).get_by_role("button", name="Try again")).to_have_count(1)
	expect(member.row(of_alice.name)).to_contain_text("Dead Letter")
	expect(member.row(of_alice.name).get_by_role("button", name="Try again")).to_have_count(0)


def test_a_refusal_is_shown_where_it_was_asked(visit, world):
	job = submit()
	page = visit(world.alice)
	page.row(job.name).get_by_role("button", name="Cancel").click()
	end(job.name, "Completed")
	page.button("Cancel the job").click()
	expect(page.dialog.get_by_role("alert")).to_contain_text("is Completed")


def test_a_refusal_is_shown_on_the_page_when_its_question_was_closed(visit, world):
	job = submit()
	page = visit(world.alice)
	asked = []
	page.page.route("**/*.cancel_job", lambda route: asked.append(route))
	page.row(job.name).get_by_role("button", name="Cancel").click()
	page.button("Cancel the job").click()
	wait_until(lambda: asked or page.page.wait_for_timeout(50), "the request")
	page.button("Let it go on").click()
	expect(page.page.get_by_role("dialog")).to_have_count(0)
	asked[0].fulfill(status=409, json={"error": "Not this one"})
	expect(page.page.get_by_role("alert").first).to_contain_text("Not this one")


@pytest.mark.parametrize("result", ['"done"', "42", "[1]"])
def test_a_result_that_is_no_object_is_shown_as_it_is(visit, world, result):
	job = submit()
	end(job.name, "Completed", result=result)
	shown = visit(world.alice).open_details(job.name).locator("section", has_text="Result").locator("pre")
	assert json.loads(shown.inner_text()) == json.loads(result)


def test_an_admin_tries_a_dead_letter_again(visit, world):
	job = submit()
	end(job.name, "Dead Letter", error_message="of no use")
	page = visit(world.adam)
	page.row(job.name).get_by_role("button", name="Try again").click()
	page.dialog.get_by_role("button", name="Try again").click()
	expect(page.row(job.name)).to_contain_text("Queued")


@pytest.mark.parametrize(("begins_anew", "kept"), [(False, 2), (True, 0)])
def test_steps_are_shown_and_whoever_tries_again_may_begin_anew(visit, world, begins_anew, kept):
	job = submit()
	end(job.name, "Running")
	keep_step(job.name, "fetch <b>all</b>")
	keep_step(job.name, "people", 2, is_done=False, items_done=3, items_total=7)
	end(job.name, "Dead Letter", error_message="of no use")
	page = visit(world.adam)
	details = page.open_details(job.name)
	expect(details.get_by_text("fetch <b>all</b>", exact=True)).to_be_visible()
	expect(details.get_by_text("goes on · 3 of 7", exact=True)).to_be_visible()
	details.get_by_role("button", name="Try again").click()
	if begins_anew:
		page.dialog.get_by_label("Do again the steps that are done").check()
	page.dialog.get_by_role("button", name="Try again").click()
	expect(page.row(job.name)).to_contain_text("Queued")
	frappe.db.rollback()
	assert frappe.db.count("Job Step", {"background_job": job.name}) == kept


def test_an_admin_discards_a_dead_letter_with_a_reason(visit, world):
	job = submit()
	end(job.name, "Dead Letter", error_message="of no use")
	page = visit(world.adam)
	details = page.open_details(job.name)
	details.get_by_role("button", name="Discard").click()
	page.dialog.get_by_label("Reason").fill("nobody needs it")
	page.button("Discard the job").click()
	expect(page.dialog).to_contain_text("nobody needs it")
	expect(page.row(job.name)).to_contain_text("Canceled")


def test_details_tell_the_history_the_error_and_who(visit, world):
	job = submit()
	end(job.name, "Dead Letter", error_message="the scanner is gone", error_type="Permanent")
	page = visit(world.alice)
	details = page.open_details(job.name)
	expect(details).to_contain_text("the scanner is gone")
	expect(details).to_contain_text("An admin of Alpha Test Org can try it again.")
	steps = details.get_by_role("list").last.get_by_role("listitem")
	expect(steps).to_have_count(4)
	names = [step.locator("strong").inner_text() for step in steps.all()]
	assert names == ["Pending", "Queued", "Running", "Dead Letter"]
	assert page.page.url.endswith(f"?job={job.name}")


def test_open_details_move_by_themselves(visit, world):
	job = submit()
	page = visit(world.alice)
	details = page.open_details(job.name)
	expect(details.get_by_text("Queued", exact=True).first).to_be_visible()
	end(job.name, "Completed", result='{"pages": 1234}')
	expect(details).to_contain_text("Completed")
	expect(details).to_contain_text("1,234")


def test_the_output_is_downloaded_by_who_may_read_it(visit, world):
	job = submit()
	with acting_as(world.alice):
		file = frappe.get_doc(
			{"doctype": "File", "file_name": f"{job.name}.txt", "content": "the result", "is_private": 1}
		).insert(ignore_permissions=True)
		frappe.db.commit()
	end(job.name, "Completed", output_reference=file.file_url)
	page = visit(world.alice)
	with page.page.expect_download() as download:
		page.row(job.name).get_by_role("link", name="Download").click()
	assert download.value.path().read_text() == "the result"
	other = visit(world.adam)
	expect(other.row(job.name)).to_be_visible()
	expect(other.row(job.name).get_by_role("link", name="Download")).to_have_count(0)
	expect(other.open_details(job.name)).to_contain_text("You cannot load it.")


def test_filters_choose_and_stay_in_the_address(visit, world, wanda):
	make_job_type("another_obliging_job")
	frappe.db.commit()
	done, waiting = submit(), submit()
	end(done.name, "Completed")
	of_type = submit_as(world.alice, "another_obliging_job", world.alpha, {"mode": "succeed"})
	of_beta = submit(world.bob, world.beta)
	page = visit(wanda)
	expect(page.rows).to_have_count(4)
	page.choose("Status", "Completed")
	page.expect_jobs(done.name)
	page.choose("Status", "All statuses")
	page.choose("Organization", world.beta)
	page.expect_jobs(of_beta.name)
	page.choose("Organization", world.alpha)
	page.choose("Type", "another_obliging_job")
	page.expect_jobs(of_type.name)
	page.reload()
	page.expect_jobs(of_type.name)
	page.button("Clear filters").click()
	page.expect_jobs(of_beta.name, of_type.name, waiting.name, done.name)


def test_a_filtered_list_gains_and_loses_jobs_as_they_change(visit, world):
	job, other = submit(), submit()
	page = visit(world.alice, "/jobs?status=Running")
	expect(page.page.get_by_text("No job matches the filter")).to_be_visible()
	end(job.name, "Running")
	expect(page.row(job.name)).to_be_visible()
	end(job.name, "Completed")
	expect(page.row(job.name)).to_have_count(0)
	assert other.name not in page.job_ids()


def submit_many(world, number: int) -> list[str]:
	"""Newest first."""
	with acting_as(world.alice):
		wanted = {"job_type": OBLIGING, "organization": world.alpha}
		jobs = submit_jobs([{**wanted, "parameters": {"mode": "succeed", "n": n}} for n in range(number)])
		frappe.db.commit()
	return [job.name for job in reversed(jobs)]


def test_back_from_details_keeps_the_older_jobs(visit, world):
	names = submit_many(world, 30)
	page = visit(world.alice)
	page.button("Show older jobs").click()
	expect(page.rows).to_have_count(30)
	page.open_details(names[25])
	page.page.go_back()
	expect(page.page.get_by_role("dialog")).to_have_count(0)
	page.page.wait_for_timeout(500)
	assert page.job_ids() == names


def test_older_jobs_follow_without_gaps_while_new_ones_arrive(visit, world):
	expected = submit_many(world, 45)
	page = visit(world.alice)
	expect(page.rows).to_have_count(20)
	expect(page.page.get_by_text("20 of 45 jobs")).to_be_visible()
	arrived = [submit().name]
	expect(page.row(arrived[0])).to_be_visible()
	page.button("Show older jobs").click()
	expect(page.row(expected[39])).to_be_visible()
	# the focus is on the first job that was not there before
	expect(page.row(expected[20]).locator(".title")).to_be_focused()
	arrived.append(submit().name)
	expect(page.row(arrived[1])).to_be_visible()
	page.button("Show older jobs").click()
	page.expect_jobs(arrived[1], arrived[0], *expected)
	expect(page.page.get_by_text("47 jobs", exact=True)).to_be_visible()
	expect(page.button("Show older jobs")).to_be_hidden()


def test_many_jobs_at_once_are_read_together(visit, world):
	page = visit(world.alice)
	asked: list[str] = []
	page.page.on("request", lambda request: asked.append(request.url))
	with acting_as(world.alice):
		wanted = {"job_type": OBLIGING, "organization": world.alpha}
		jobs = submit_jobs([{**wanted, "parameters": {"mode": "succeed", "n": n}} for n in range(150)])
		frappe.db.commit()
	expect(page.row(jobs[-1].name)).to_be_visible()
	page.page.wait_for_timeout(1000)
	calls = [url for url in asked if "/api/method/" in url]
	assert len(calls) < 20


def test_changes_are_announced(visit, world):
	job = submit()
	page = visit(world.alice)
	end(job.name, "Completed")
	expect(page.page.locator("#announcer")).to_contain_text(f"{job.name}: Completed")
	expect(page.page.locator("#announcer")).to_have_attribute("aria-live", "polite")


def test_an_address_of_a_script_is_no_output(visit, world):
	job = submit()
	end(job.name, "Completed", output_reference="javascript:window.broken=1")
	page = visit(world.alice)
	expect(page.open_details(job.name)).to_contain_text("javascript:window.broken=1")
	assert page.page.locator("a[href^=javascript]").count() == 0


def test_who_has_no_organization_is_told_so(visit, world):
	page = visit(world.nobody)
	expect(page.page.get_by_text("You belong to no organization yet")).to_be_visible()


def test_without_jobs_the_page_says_so(visit, world):
	page = visit(world.alice)
	expect(page.page.get_by_text("No jobs yet")).to_be_visible()
	job = submit()
	expect(page.row(job.name)).to_be_visible()
	expect(page.page.get_by_text("No jobs yet")).to_be_hidden()

"""A dry run on the members' page: a word beside its status, and a button that runs it for real."""

import json

import frappe
import pytest
from browser_client import PHONE, WIDE
from factories import OBLIGING, World, acting_as, end
from members_page import assert_fine
from playwright.sync_api import expect

from dartwing.dartwing_core.background_jobs import submit_job


def test_its_owner_runs_it_for_real(visit, world):
	with acting_as(World.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, dry_run=True)
	frappe.db.commit()
	documents = [{"doctype": "Person", "name": "<b>P-1</b>", "fields": ["first_name"]}]
	told = frappe.as_json({"created": documents})
	result = '{"created": {"count": 1}, "held_back": {}, "result": null}'
	end(job.name, "Completed", result=result, dry_run_documents=told)
	page = visit(world.alice)
	row = page.row(job.name)
	expect(row).to_contain_text("dry run")
	page.open_details(job.name)
	expect(page.dialog).to_contain_text("Would create documents: 1")
	expect(page.dialog).to_contain_text("Person <b>P-1</b>: first_name")
	expect(page.dialog).not_to_contain_text("held_back")
	assert_fine(page)
	page.page.keyboard.press("Escape")
	row.get_by_role("button", name="Run for real").click()
	assert_fine(page)
	page.dialog.get_by_role("button", name="Run for real").click()
	expect(page.rows).to_have_count(2)
	frappe.db.rollback()
	real = frappe.db.get_value("Background Job", {"is_dry_run": 0, "organization": world.alpha})
	expect(page.row(real)).not_to_contain_text("dry run")
	# each names the other, and it is not offered twice
	expect(row).to_contain_text(f"run for real as {real}")
	expect(row.get_by_role("button", name="Run for real")).to_have_count(0)
	page.open_details(job.name)
	expect(page.dialog.get_by_role("button", name="Run for real")).to_have_count(0)
	page.dialog.get_by_role("button", name=real).click()
	expect(page.dialog.get_by_role("button", name=job.name)).to_be_visible()


def test_others_see_that_it_is_one_and_have_no_such_button(visit, world):
	with acting_as(World.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, dry_run=True)
	frappe.db.commit()
	end(job.name, "Completed")
	row = visit(world.adam).row(job.name)
	expect(row).to_contain_text("dry run")
	expect(row.get_by_role("button", name="Run for real")).to_have_count(0)


def test_one_that_failed_says_why(visit, world):
	with acting_as(World.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, dry_run=True)
	frappe.db.commit()
	end(job.name, "Dead Letter", error_message="the name is missing")
	page = visit(world.adam)
	row = page.row(job.name)
	expect(row).to_contain_text("the name is missing")
	expect(row).to_contain_text("Canceled")
	expect(row.get_by_role("button", name="Try again")).to_have_count(0)
	page.open_details(job.name)
	expect(page.dialog).to_contain_text("The dry run failed")
	expect(page.dialog).to_contain_text("the name is missing")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_its_row_and_its_result(visit, world, scheme, viewport):
	with acting_as(World.alice):
		job = submit_job(OBLIGING, world.alpha, {"mode": "succeed"}, dry_run=True)
	frappe.db.commit()
	documents = [{"doctype": "Person", "name": "averyverylongname" * 8, "fields": ["first_name"]}]
	told, result = json.dumps({"changed": documents}), json.dumps({"changed": {"count": 1}})
	end(job.name, "Completed", result=result, dry_run_documents=told)
	page = visit(world.alice, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
	expect(page.row(job.name)).to_contain_text("dry run")
	assert_fine(page)
	expect(page.open_details(job.name)).to_contain_text("averyverylongname")
	assert_fine(page)

"""What a person who looks at one job is told."""

import frappe
import pytest
from factories import OBLIGING, acting_as, end, submit, submit_as

from dartwing.dartwing_core.background_jobs.insight import dossier


def look(user: str, job: str) -> dict:
	frappe.db.rollback()
	with acting_as(user):
		return dossier.get_dossier(job)


@pytest.mark.parametrize(
	("status", "owner", "admin", "manager"),
	[
		("Queued", ["cancel"], ["cancel"], ["cancel"]),
		("Running", ["cancel"], ["cancel"], ["cancel"]),
		("Failed", ["cancel"], ["cancel"], ["cancel"]),
		("Completed", [], [], []),
		("Canceled", [], [], []),
		("Dead Letter", [], ["retry", "discard"], ["retry", "discard"]),
	],
)
def test_actions_are_those_that_the_user_may_do_now(world, status, owner, admin, manager):
	job = submit(world.alice).name
	if status != "Queued":
		end(job, status)
	offered = [look(user, job)["actions"] for user in (world.alice, world.adam, world.manager)]
	assert offered == [owner, admin, manager]


def test_a_member_is_offered_nothing_for_a_fellows_job(world):
	job = submit(world.adam).name
	assert look(world.alice, job)["actions"] == []


def test_a_dead_letter_of_a_dead_parent_is_not_retried_and_says_why(world):
	parent = submit(world.alice).name
	child = submit_as(world.alice, OBLIGING, world.alpha, {"mode": "succeed"}, depends_on=parent).name
	end(parent, "Dead Letter")
	seen = look(world.adam, child)
	assert seen["actions"] == ["discard"]
	assert parent in seen["obstacle"]
	assert seen["parents"] == [{"name": parent, "job_type": OBLIGING, "status": "Dead Letter"}]
	assert look(world.adam, parent)["children"] == [
		{"name": child, "job_type": OBLIGING, "status": "Dead Letter"}
	]


def test_who_sees_no_job_gets_no_dossier(world):
	job = submit(world.alice).name
	for user in (world.bob, world.nobody):
		with acting_as(user), pytest.raises(frappe.DoesNotExistError):
			dossier.get_dossier(job)


def test_attempts_are_read_from_the_history():
	def row(from_status, to_status, timestamp, message=None, actor="w1"):
		return {
			"from_status": from_status,
			"to_status": to_status,
			"timestamp": timestamp,
			"message": message,
			"actor": actor,
		}

	history = [
		row(None, "Pending", "1"),
		row("Pending", "Queued", "2"),
		row("Queued", "Running", "3", "attempt 1"),
		row("Running", "Failed", "4", "no answer"),
		row("Failed", "Queued", "5"),
		row("Queued", "Running", "6", "attempt 2", "w2"),
	]
	first, second = dossier.attempts_of(history)
	assert first == {
		"number": 1,
		"worker": "w1",
		"started_at": "3",
		"ended_at": "4",
		"outcome": "Failed",
		"error": "no answer",
	}
	assert (second["number"], second["worker"], second["ended_at"], second["outcome"]) == (
		2,
		"w2",
		None,
		None,
	)


@pytest.mark.parametrize(
	("reference", "url"),
	[
		("https://files.example/a.csv", "https://files.example/a.csv"),
		("Organization/{alpha}", None),
		("/private/files/no such.csv", None),
		("javascript:alert(1)", None),
		("just a text", None),
	],
)
def test_an_output_is_linked_where_it_is_an_address_that_the_user_may_open(world, reference, url):
	reference = reference.format(alpha=world.alpha)
	job = submit(world.alice).name
	# also what was stored before it was refused
	end(job, "Completed", output_reference=reference)
	assert look(world.alice, job)["output"] == {"label": reference, "url": url}

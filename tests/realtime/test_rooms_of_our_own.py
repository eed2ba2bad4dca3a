"""`org_subscribe`, which the app's own handlers answer on Frappe v16; v15 loads no handlers of apps."""

import frappe
import pytest
from factories import World, end, make_member, make_user, remove_member, submit
from following import of_jobs
from framework import since

LEAVER = "leaver.of.rooms@alpha.example"
NAMES_OF_ALPHA = (
	World.alpha,
	World.alpha.lower(),
	f"{World.alpha} ",
	f"{World.alpha}/",
	"%",
	"",
	None,
	[World.alpha],
)

pytestmark = pytest.mark.skipif(
	not since(16, 0), reason="Frappe v15 has no Socket.IO handlers of apps: nobody answers org_subscribe"
)


def test_a_member_is_let_in_and_sent_the_transitions_of_a_job_once(connect, world):
	socket = connect(world.alice)
	assert socket.ask("org_subscribe", world.alpha) == {"subscribed": True}
	job = submit()
	end(job.name, "Completed")
	socket.wait_for("job_status_changed", lambda message: message["to_status"] == "Completed")
	steps = [event[1]["to_status"] for event in of_jobs(socket)]
	assert steps == ["Pending", "Queued", "Running", "Completed"]


@pytest.mark.parametrize("user", [World.bob, World.nobody])
def test_who_is_no_member_is_told_so_and_sent_nothing(connect, world, user):
	"""Frappe v16's own question never ends for them, and neither did the client's."""
	outsider, member = connect(user), connect(world.alice)
	for name in NAMES_OF_ALPHA:
		assert outsider.ask("org_subscribe", name) == {"subscribed": False}, name
	assert member.ask("org_subscribe", world.alpha) == {"subscribed": True}
	end(submit().name, "Completed")
	assert len(of_jobs(member)) == 4
	assert of_jobs(outsider) == []


def test_there_is_no_difference_between_an_unknown_organization_and_one_of_others(connect, world):
	socket = connect(world.bob)
	assert socket.ask("org_subscribe", world.alpha) == socket.ask("org_subscribe", "No Such Organization")


def test_a_refusal_does_not_stand_in_the_way_of_what_is_asked_next(connect, world):
	socket = connect(world.bob)
	assert socket.ask("org_subscribe", world.alpha) == {"subscribed": False}
	assert socket.ask("org_subscribe", world.beta) == {"subscribed": True}
	end(submit(world.bob, world.beta).name, "Completed")
	assert len(of_jobs(socket)) == 4


def test_who_leaves_is_sent_nothing_more(connect, world):
	socket, other = connect(world.alice), connect(world.manager)
	for one in (socket, other):
		assert one.ask("org_subscribe", world.alpha) == {"subscribed": True}
	assert socket.ask("org_unsubscribe", world.alpha) == {"subscribed": False}
	end(submit().name, "Completed")
	assert len(of_jobs(other)) == 4
	assert of_jobs(socket) == []


def test_a_member_who_was_removed_is_not_let_in_again(connect, web, world):
	remove_member(LEAVER)
	make_user(LEAVER, ["Dartwing User"])
	member = make_member(LEAVER, world.alpha)
	frappe.db.commit()
	try:
		client = web.login(LEAVER)
		socket = connect(LEAVER, client)
		assert socket.ask("org_subscribe", world.alpha) == {"subscribed": True}
		socket.disconnect()
		member.delete()
		frappe.db.commit()
		again = connect(LEAVER, client)
		assert again.ask("org_subscribe", world.alpha) == {"subscribed": False}
	finally:
		remove_member(LEAVER)

"""Socket.IO: who gets in, and which rooms a client can join."""

import frappe
import pytest
import socketio
from contract_doctypes import GROUP, OWNED, group
from factories import World, wait_until
from framework import since


def reaches(socket, **room) -> bool:
	"""Whether a client is sent what is published for a room; a joining client may need some time."""
	own = f"user:{socket.user}"

	def arrives() -> bool:
		socket.events.clear()
		frappe.publish_realtime("contract", {"n": 1}, **room)
		frappe.publish_realtime("contract_end", {"n": 1}, room=own)
		socket.wait_for("contract_end")
		return bool(socket.named("contract"))

	try:
		return wait_until(arrives, "the event", timeout_seconds=socket.patience)
	except AssertionError:
		return False


@pytest.fixture
def connect(sockets, clients):
	opened = []

	def open_one(user: str, patience: float = 5, **headers):
		socket = sockets.connect(clients[user], **headers)
		socket.user, socket.patience = user, patience
		opened.append(socket)
		return socket

	yield open_one
	for socket in opened:
		socket.disconnect()


# who gets in


def test_a_logged_in_user_gets_events_for_the_user(connect):
	assert reaches(connect(World.alice), user=World.alice)
	assert not reaches(connect(World.alice, patience=0.5), user=World.bob)


def test_an_api_key_is_enough(web, sockets, passing_user):
	socket = sockets.connect(web.with_key(passing_user.name))
	socket.user, socket.patience = passing_user.name, 5
	assert reaches(socket, user=passing_user.name)


def test_another_sites_namespace_is_refused(sockets, clients):
	with pytest.raises(socketio.exceptions.ConnectionError):
		sockets.connect(clients[World.alice], namespace="/elsewhere.localhost")


def test_another_origin_is_refused(sockets, clients):
	with pytest.raises(socketio.exceptions.ConnectionError):
		sockets.connect(clients[World.alice], Origin="http://elsewhere.localhost")


def test_without_any_credentials_a_client_is_refused(sockets, web):
	with pytest.raises(socketio.exceptions.ConnectionError):
		sockets.connect(web.guest())


def test_a_guests_session_gets_in_and_may_join_nothing(connect, sockets, web, owned):
	client = web.guest()
	client.cookies.set("sid", "Guest")
	socket = sockets.connect(client)
	socket.user, socket.patience = "Guest", 0.5
	socket.emit("doc_subscribe", OWNED, owned[World.alice])
	assert not reaches(socket, doctype=OWNED, docname=owned[World.alice])


# rooms


def test_a_document_that_may_be_read_can_be_followed(connect, owned):
	socket = connect(World.alice)
	socket.emit("doc_subscribe", OWNED, owned[World.alice])
	assert reaches(socket, doctype=OWNED, docname=owned[World.alice])


def test_a_document_that_may_not_be_read_cannot_be_followed(connect, owned):
	socket = connect(World.alice, patience=0.5)
	socket.emit("doc_subscribe", OWNED, owned[World.bob])
	assert not reaches(socket, doctype=OWNED, docname=owned[World.bob])


def test_a_document_that_is_not_there_cannot_be_followed(connect):
	socket = connect(World.alice, patience=0.5)
	socket.emit("doc_subscribe", OWNED, "none")
	assert not reaches(socket, doctype=OWNED, docname="none")


def test_without_subscribing_nothing_of_a_document_is_sent(connect, owned):
	socket = connect(World.alice, patience=0.5)
	assert not reaches(socket, doctype=OWNED, docname=owned[World.alice])


def test_a_document_can_be_left(connect, owned):
	socket = connect(World.alice)
	name = owned[World.alice]
	socket.emit("doc_subscribe", OWNED, name)
	assert reaches(socket, doctype=OWNED, docname=name)
	socket.emit("doc_unsubscribe", OWNED, name)
	wait_until(lambda: not_sent(socket, doctype=OWNED, docname=name), "nothing is sent any more")


def not_sent(socket, **room) -> bool:
	socket.patience = 0.01
	return not reaches(socket, **room)


def test_saves_reach_who_follows_the_document(connect):
	group("North")
	frappe.db.commit()
	socket = connect(World.alice)
	socket.emit("doc_subscribe", GROUP, "North")
	assert reaches(socket, doctype=GROUP, docname="North")
	doc = frappe.get_doc(GROUP, "North")
	doc.note = "changed"
	doc.save()
	frappe.db.commit()
	assert socket.wait_for("doc_update")["name"] == "North"


def test_who_may_read_a_doctype_at_all_can_follow_all_its_changes(connect, owned):
	"""Also changes of rows that only their owners may read."""
	socket = connect(World.alice)
	socket.emit("doctype_subscribe", OWNED)
	assert reaches(socket, room=f"doctype:{OWNED}")
	doc = frappe.get_doc(OWNED, owned[World.bob])
	doc.title = "changed"
	doc.save()
	frappe.db.commit()
	assert socket.wait_for("list_update")["name"] == owned[World.bob]


def test_a_doctype_that_may_not_be_read_cannot_be_followed(connect):
	socket = connect(World.alice, patience=0.5)
	socket.emit("doctype_subscribe", "Contract Serial")
	assert not reaches(socket, room="doctype:Contract Serial")


def test_anyone_can_follow_any_task(connect):
	socket = connect(World.alice)
	socket.emit("task_subscribe", "anybody's")
	assert reaches(socket, task_id="anybody's")


@pytest.mark.parametrize("event", ["org_subscribe", "subscribe", "join"])
def test_a_room_of_an_apps_own_can_be_joined_only_where_apps_have_handlers(connect, event):
	"""v15 knows no handlers of apps; on v16 this app answers `org_subscribe`."""
	has_handler = since(16) and event == "org_subscribe"
	socket = connect(World.alice, patience=5 if has_handler else 0.5)
	socket.emit(event, "org:Alpha Test Org")
	socket.emit(event, "Alpha Test Org")
	assert reaches(socket, room="org:Alpha Test Org") == has_handler


def test_system_users_get_what_is_for_the_whole_site_and_others_do_not(connect):
	assert reaches(connect(World.manager), room="all")
	is_system_user = frappe.db.get_value("User", World.alice, "user_type") == "System User"
	assert reaches(connect(World.alice, patience=0.5), room="all") == is_system_user


def test_everyone_gets_what_is_for_the_website(connect):
	assert reaches(connect(World.alice), room="website")


def test_a_client_that_asks_is_answered(connect):
	socket = connect(World.alice)
	socket.emit("ping")
	wait_until(lambda: ("pong",) in socket.events, "the pong")


def test_events_keep_their_order(connect):
	socket = connect(World.alice)
	assert reaches(socket, user=World.alice)
	for number in range(50):
		frappe.publish_realtime("counted", {"n": number}, user=World.alice)
	socket.wait_for("counted", where=lambda message: message["n"] == 49)
	assert [message["n"] for message in socket.named("counted")] == list(range(50))

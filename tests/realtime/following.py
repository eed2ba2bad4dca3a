"""How tests follow an organization, and what they were sent."""

import frappe
from factories import wait_until
from socket_client import Socket


def follow(socket: Socket, organization: str) -> Socket:
	"""Join the organization's room and wait until the server has let the socket in."""
	socket.emit("doc_subscribe", "Organization", organization)

	def is_in() -> bool:
		frappe.publish_realtime("test_probe", {"n": 1}, doctype="Organization", docname=organization)
		return bool(socket.named("test_probe"))

	wait_until(is_in, f"{socket.user} follows {organization}")
	socket.events.clear()
	return socket


def settle(socket: Socket) -> None:
	"""Wait until everything that was published for the socket before has arrived."""
	marker = frappe.generate_hash(length=10)
	frappe.publish_realtime("test_marker", {"marker": marker}, room=f"user:{socket.user}")
	socket.wait_for("test_marker", where=lambda message: message["marker"] == marker)


def of_jobs(socket: Socket) -> list[tuple]:
	"""Events of the job engine that a socket was sent."""
	settle(socket)
	return [event for event in socket.events if event[0].startswith("job_")]

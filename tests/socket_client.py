"""Socket.IO clients of a site, as a browser or an app would be."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import engineio
import socketio
from factories import wait_until
from http_client import Client, Web

# a server may answer one poll with more events than engineio reads by default
engineio.payload.Payload.max_decode_packets = 1000


class Sockets:
	"""Makes connected clients; leaving the block disconnects them."""

	def __init__(self, web: Web, port: int):
		self.web = web
		self.port = port
		self._open: list[Socket] = []

	def __enter__(self) -> "Sockets":
		return self

	def __exit__(self, *_exception: object) -> None:
		for socket in self._open:
			with suppress(Exception):
				socket.disconnect()

	def connect(self, client: Client, namespace: str | None = None, **headers: str) -> "Socket":
		"""Connect as the user of an HTTP client; raises ConnectionError when the server refuses.

		`headers` replace those that a browser would send.
		"""
		socket = Socket(namespace or f"/{self.web.site}")
		socket.connect(f"http://127.0.0.1:{self.port}", {**self._headers(client), **headers})
		self._open.append(socket)
		return socket

	def _headers(self, client: Client) -> dict[str, str]:
		cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)
		headers = {
			"Host": f"{self.web.site}:{self.port}",
			"Origin": self.web.origin,
			"Cookie": cookies or "none=1",
		}
		if "Authorization" in client.headers:
			headers["Authorization"] = str(client.headers["Authorization"])
		return headers


class Socket:
	"""One connection to a namespace. It remembers every event it was sent."""

	def __init__(self, namespace: str):
		self.namespace = namespace
		self.events: list[tuple[str, Any]] = []
		self._answers: list[Any] = []
		self._client = socketio.Client(reconnection=False, handle_sigint=False)
		self._client.on("*", self._remember, namespace=namespace)
		self._client.on("connect", lambda: self._answers.append("accepted"), namespace=namespace)
		self._client.on("connect_error", self._answers.append, namespace=namespace)

	def connect(self, url: str, headers: dict[str, str]) -> None:
		"""Raise socketio's ConnectionError with the reason when the server refuses."""
		self._client.connect(
			url, headers=headers, namespaces=[self.namespace], transports=["polling"], wait=False
		)
		answer = wait_until(lambda: self._answers, "an answer of the Socket.IO server")[0]
		if answer != "accepted":
			self.disconnect()
			raise socketio.exceptions.ConnectionError(answer)

	def disconnect(self) -> None:
		"""At once, and also when the connection is broken already, where a polite farewell would wait."""
		self._client.eio.disconnect(abort=True)

	def _remember(self, event: str, *arguments: Any) -> None:
		self.events.append((event, *arguments))

	def emit(self, event: str, *arguments: Any) -> None:
		self._client.emit(event, arguments, namespace=self.namespace)

	def ask(self, event: str, *arguments: Any, timeout_seconds: float = 20) -> Any:
		"""The server's acknowledgement; raises socketio's TimeoutError when none comes in time."""
		return self._client.call(event, arguments, namespace=self.namespace, timeout=timeout_seconds)

	def named(self, event: str) -> list[Any]:
		"""The messages of all events of one name so far, in their order."""
		return [message for name, message in list(self.events) if name == event]

	def wait_for(self, event: str, where: Callable[[Any], bool] = bool, timeout_seconds: float = 20) -> Any:
		"""The first message of an event that fulfils a condition; fails when none comes in time."""
		return wait_until(
			lambda: next((message for message in self.named(event) if where(message)), None),
			f"event {event}; there were {self.events}",
			timeout_seconds,
		)

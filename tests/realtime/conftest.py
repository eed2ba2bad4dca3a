"""Socket.IO clients of the world's users."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import World
from http_client import Client, Web
from runtimes.base import Runtime, stop
from socket_client import Socket, Sockets


@pytest.fixture(autouse=True)
def _clean(clean: World) -> None:
	"""Every test here starts and ends without jobs, as Administrator."""


@pytest.fixture(scope="session")
def clients(web: Web, world: World) -> dict[str, Client]:
	return {user: web.login(user) for user in (world.alice, world.bob, world.nobody, world.manager)}


@pytest.fixture
def worker(runtime: Runtime, tmp_path: Path) -> Iterator[None]:
	"""A stock worker beside the test; other tests move their jobs themselves."""
	process = runtime.spawn("worker", "--queue", "short,default,long", log=tmp_path / "worker.log")
	try:
		yield
	finally:
		stop(process, timeout_seconds=60)


@pytest.fixture
def connect(sockets: Sockets, clients: dict[str, Client]) -> Iterator[Callable[[str], Socket]]:
	opened = []

	def open_one(user: str, client: Client | None = None) -> Socket:
		socket = sockets.connect(client or clients[user])
		socket.user = user
		opened.append(socket)
		return socket

	yield open_one
	for socket in opened:
		socket.disconnect()

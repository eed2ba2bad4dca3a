"""Which site a socket is for, and what becomes of messages that are none."""

import asyncio

import pytest

from benchless.socket_server import Request, SocketServer, hostname

CONFIG = {"redis_queue": "redis://127.0.0.1:1", "default_site": "one.localhost"}


@pytest.mark.parametrize(
	("url", "expected"),
	[
		("http://a.localhost:8000", "a.localhost"),
		("https://a.localhost", "a.localhost"),
		("a.localhost:9000", "a.localhost"),
		("", ""),
	],
)
def test_a_hostname_has_no_scheme_and_no_port(url, expected):
	assert hostname(url) == expected


@pytest.mark.parametrize(
	("headers", "site"),
	[
		({"HTTP_X_FRAPPE_SITE_NAME": "named.localhost", "HTTP_HOST": "x"}, "named.localhost"),
		({"HTTP_HOST": "localhost:9000", "HTTP_ORIGIN": "http://localhost:8000"}, "one.localhost"),
		({"HTTP_HOST": "x:9000", "HTTP_ORIGIN": "http://two.localhost:8000"}, "two.localhost"),
		({"HTTP_HOST": "two.localhost:9000"}, "two.localhost"),
	],
)
def test_the_site_comes_from_the_headers(headers, site):
	assert Request.of(headers).site(CONFIG) == site


@pytest.mark.parametrize(
	"data",
	[
		b"no json",
		b"[]",
		b'{"event": "e"}',
		b'{"event": "e", "message": 1, "room": null, "namespace": "s"}',
	],
)
def test_a_message_that_is_no_event_is_logged_and_the_next_one_goes_out(data, caplog):
	sent = []

	async def forward_both():
		server = SocketServer(CONFIG, web_port=1)

		async def emit(event, message, **where):
			sent.append((event, message, where))

		server.server.emit = emit
		await server.forward(data)
		await server.forward(b'{"event": "e", "message": 1, "room": "all", "namespace": "s"}')

	asyncio.run(forward_both())
	assert sent == [("e", 1, {"room": "all", "namespace": "/s"})]
	assert caplog.records

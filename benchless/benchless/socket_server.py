"""The Socket.IO server: one namespace per site, Frappe v15's rooms, events from Redis.

Who a socket belongs to, and what it may subscribe to, is asked of the web server each time.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import SimpleCookie

import aiohttp
import redis.asyncio
import socketio
from aiohttp import web
from redis.exceptions import ConnectionError

LOOPBACK = "127.0.0.1"
LOCAL_NAMES = ("localhost", LOOPBACK)
SITE_ROOM = "all"
WEBSITE_ROOM = "website"
RECONNECT_SECONDS = 1

log = logging.getLogger("benchless.socketio")


@dataclass(frozen=True)
class Client:
	"""A connected socket: whose it is, and the credentials it came with."""

	sid: str
	namespace: str
	host: str
	session: str | None
	authorization: str | None
	user: str = ""
	user_type: str = ""


class SocketServer:
	"""Serves Socket.IO on the loopback address; `config` is the bench's common configuration."""

	def __init__(self, config: dict, web_port: int):
		self.config = config
		self.web_url = f"http://{LOOPBACK}:{web_port}"
		self.clients: dict[tuple[str, str], Client] = {}
		self.open_documents: dict[tuple[str, str], set[tuple[str, str]]] = {}
		self.server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", namespaces="*")
		self.server.on("connect", self.connect, namespace="*")
		self.server.on("disconnect", self.disconnect, namespace="*")
		for event, handler in self.handlers().items():
			self.server.on(event, self.on_event(handler), namespace="*")

	def handlers(self) -> dict[str, Callable[..., Awaitable[None]]]:
		return {
			"ping": self.ping,
			"doctype_subscribe": self.subscribe_doctype,
			"doctype_unsubscribe": self.leaver(doctype_room),
			"doc_subscribe": self.subscribe_doc,
			"doc_unsubscribe": self.leaver(doc_room),
			"doc_open": self.open_doc,
			"doc_close": self.close_doc,
			"task_subscribe": self.subscribe_task,
			"task_unsubscribe": self.leaver(task_room),
			"progress_subscribe": self.subscribe_task,
		}

	def on_event(self, handler: Callable[..., Awaitable[None]]):
		async def call(namespace: str, sid: str, *arguments):
			client = self.clients.get((namespace, sid))
			if client:
				await handler(client, *arguments)

		return call

	async def run(self, port: int) -> None:
		"""Serve until cancelled."""
		app = web.Application()
		self.server.attach(app)
		runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
		async with aiohttp.ClientSession() as self.http:
			await runner.setup()
			await web.TCPSite(runner, LOOPBACK, port).start()
			log.info("Realtime service listening on %s:%s", LOOPBACK, port)
			try:
				await self.forward_events()
			finally:
				await runner.cleanup()

	async def forward_events(self) -> None:
		"""Send to the rooms what Frappe publishes; wait for Redis to come back when it goes."""
		while True:
			try:
				async with redis.asyncio.from_url(self.config["redis_queue"]) as connection:
					channel = connection.pubsub(ignore_subscribe_messages=True)
					await channel.subscribe("events")
					async for message in channel.listen():
						await self.forward(message["data"])
			except ConnectionError as error:
				log.warning("Redis is gone, trying again: %s", error)
				await asyncio.sleep(RECONNECT_SECONDS)

	async def forward(self, data: bytes) -> None:
		"""Send one published event to its room. One that is none is logged; the next ones still go out."""
		try:
			event = json.loads(data)
			name, message, room, site = (event[key] for key in ("event", "message", "room", "namespace"))
		except (ValueError, KeyError, TypeError):
			log.exception("Not an event: %s", data)
			return
		if room:
			await self.server.emit(name, message, room=room, namespace=f"/{site}")
		else:
			log.error("benchless does not support events to every site: %s", name)

	async def connect(self, namespace: str, sid: str, environ: dict, auth=None) -> None:
		client = await self.authenticate(Request.of(environ), namespace, sid)
		self.clients[namespace, sid] = client
		rooms = [user_room(client.user), WEBSITE_ROOM]
		if client.user_type == "System User":
			rooms.append(SITE_ROOM)
		for room in rooms:
			await self.server.enter_room(sid, room, namespace=namespace)

	async def authenticate(self, request: "Request", namespace: str, sid: str) -> Client:
		"""The client behind a connection; refuses one from elsewhere or without credentials."""
		if namespace != f"/{request.site(self.config)}":
			refuse_connection("Invalid namespace")
		if hostname(request.host) != hostname(request.origin):
			refuse_connection("Invalid origin")
		if not request.cookie:
			refuse_connection("No cookie transmitted.")
		cookie = SimpleCookie(request.cookie).get("sid")
		session = cookie.value if cookie else None
		if not (session or request.authorization):
			refuse_connection("No authentication method used. Use cookie or authorization header.")
		anonymous = Client(sid, namespace, request.site(self.config), session, request.authorization)
		status, answer = await self.ask(anonymous, "get_user_info")
		if status != 200:
			refuse_connection(f"Unauthorized: Error: {HTTPStatus(status).phrase}")
		return Client(**{**vars(anonymous), **answer["message"]})

	async def ask(self, client: Client, method: str, **arguments) -> tuple[int, dict]:
		"""Call a method of frappe.realtime as the client; returns the status and the body."""
		headers = {"X-Frappe-Site-Name": client.host, "Host": client.host, "Accept": "application/json"}
		if client.session:
			headers["Cookie"] = f"sid={client.session}"
		else:
			headers["Authorization"] = client.authorization
		url = f"{self.web_url}/api/method/frappe.realtime.{method}"
		try:
			async with self.http.get(url, params=arguments, headers=headers) as response:
				is_json = response.content_type == "application/json"
				return response.status, await response.json() if is_json else {}
		except aiohttp.ClientError as error:
			log.warning("%s: %s", method, error)
			return 503, {}

	async def ping(self, client: Client, *_arguments) -> None:
		await self.server.emit("pong", to=client.sid, namespace=client.namespace)

	async def subscribe_doctype(self, client: Client, doctype: str | None = None) -> None:
		if doctype and await self.may(client, "can_subscribe_doctype", doctype=doctype):
			await self.enter(client, doctype_room(doctype))

	async def subscribe_doc(
		self, client: Client, doctype: str | None = None, docname: str | None = None
	) -> None:
		if await self.may_see(client, doctype, docname):
			await self.enter(client, doc_room(doctype, docname))

	async def subscribe_task(self, client: Client, task_id: str | None = None) -> None:
		await self.enter(client, task_room(task_id))

	async def open_doc(self, client: Client, doctype: str | None = None, docname: str | None = None) -> None:
		if await self.may_see(client, doctype, docname):
			await self.enter(client, open_doc_room(doctype, docname))
			self.open_documents.setdefault((client.namespace, client.sid), set()).add((doctype, docname))
			await self.tell_viewers(client, doctype, docname)

	async def close_doc(self, client: Client, doctype: str | None = None, docname: str | None = None) -> None:
		await self.leaver(open_doc_room)(client, doctype, docname)
		self.open_documents.get((client.namespace, client.sid), set()).discard((doctype, docname))
		await self.tell_viewers(client, doctype, docname)

	async def may_see(self, client: Client, doctype: str | None, docname: str | None) -> bool:
		if not (doctype and docname):
			return False
		return await self.may(client, "can_subscribe_doc", doctype=doctype, docname=docname)

	async def may(self, client: Client, method: str, **arguments) -> bool:
		status, _answer = await self.ask(client, method, **arguments)
		return status == 200

	async def enter(self, client: Client, room: str) -> None:
		# the client may have gone while the server was asked
		if (client.namespace, client.sid) in self.clients:
			await self.server.enter_room(client.sid, room, namespace=client.namespace)

	def leaver(self, room_of: Callable[..., str]):
		async def leave(client: Client, *arguments) -> None:
			await self.server.leave_room(client.sid, room_of(*arguments), namespace=client.namespace)

		return leave

	async def tell_viewers(self, client: Client, doctype: str, docname: str) -> None:
		"""Tell everybody who has the document open who else has; nobody is told of themselves alone."""
		room = open_doc_room(doctype, docname)
		viewers = [
			self.clients[key].user
			for key, documents in self.open_documents.items()
			if key[0] == client.namespace and (doctype, docname) in documents
		]
		if viewers == [client.user]:
			return
		message = {"doctype": doctype, "docname": docname, "users": list(dict.fromkeys(viewers))}
		await self.server.emit("doc_viewers", message, room=room, namespace=client.namespace)

	async def disconnect(self, namespace: str, sid: str, *_reason) -> None:
		documents = self.open_documents.pop((namespace, sid), set())
		client = self.clients.pop((namespace, sid), None)
		for doctype, docname in documents:
			await self.tell_viewers(client, doctype, docname)


@dataclass(frozen=True)
class Request:
	"""The headers of the HTTP request that opened a socket."""

	host: str
	origin: str
	cookie: str
	authorization: str | None
	site_name: str

	@classmethod
	def of(cls, environ: dict) -> "Request":
		return cls(
			host=environ.get("HTTP_HOST", ""),
			origin=environ.get("HTTP_ORIGIN", ""),
			cookie=environ.get("HTTP_COOKIE", ""),
			authorization=environ.get("HTTP_AUTHORIZATION"),
			site_name=environ.get("HTTP_X_FRAPPE_SITE_NAME", ""),
		)

	def site(self, config: dict) -> str:
		"""The site a request is for; plain local addresses mean the default site."""
		if self.site_name:
			return hostname(self.site_name)
		if config.get("default_site") and hostname(self.host) in LOCAL_NAMES:
			return config["default_site"]
		return hostname(self.origin or self.host)


def refuse_connection(reason: str):
	raise socketio.exceptions.ConnectionRefusedError(reason)


def hostname(url: str) -> str:
	"""The host of a URL or Host header, without scheme and port."""
	if "://" in url:
		url = url.split("/")[2]
	return url.split(":")[0]


def doctype_room(doctype) -> str:
	return f"doctype:{doctype}"


def doc_room(doctype, docname) -> str:
	return f"doc:{doctype}/{docname}"


def open_doc_room(doctype, docname) -> str:
	return f"open_doc:{doctype}/{docname}"


def user_room(user) -> str:
	return f"user:{user}"


def task_room(task_id) -> str:
	return f"task_progress:{task_id}"

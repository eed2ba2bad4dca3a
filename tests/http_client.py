"""A site's web server as its clients see it, over real HTTP."""

from dataclasses import dataclass
from typing import Any

import frappe
import requests
from frappe.utils.password import update_password

PASSWORD = "correct horse 9 battery"
TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Web:
	"""A web server on 127.0.0.1 that serves a site to requests whose Host header names it."""

	site: str
	port: int

	@property
	def base_url(self) -> str:
		return f"http://127.0.0.1:{self.port}"

	@property
	def origin(self) -> str:
		"""The address that a browser would show."""
		return f"http://{self.site}:{self.port}"

	def guest(self) -> "Client":
		return Client(self)

	def login(self, user: str) -> "Client":
		"""A client with the user's session cookie; the user gets a known password for it. Commits."""
		update_password(user, PASSWORD)
		frappe.db.commit()
		client = self.guest()
		answer = client.post("/api/method/login", data={"usr": user, "pwd": PASSWORD})
		assert answer.status_code == 200, answer.text
		return client

	def with_key(self, user: str) -> "Client":
		"""A client that sends the user's API key and secret; the user gets new ones for it. Commits."""
		doc = frappe.get_doc("User", user)
		doc.api_key, doc.api_secret = frappe.generate_hash(length=15), frappe.generate_hash(length=15)
		key, secret = doc.api_key, doc.api_secret
		doc.save(ignore_permissions=True)
		frappe.db.commit()
		client = self.guest()
		client.headers["Authorization"] = f"token {key}:{secret}"
		return client


class Client(requests.Session):
	"""A requests session whose paths are below the web server and whose Host is the site."""

	def __init__(self, web: Web):
		super().__init__()
		self.web = web
		self.trust_env = False
		self.headers.update({"Host": f"{web.site}:{web.port}", "Accept": "application/json"})

	def request(self, method: str, path: str, **options: Any) -> requests.Response:
		options.setdefault("timeout", TIMEOUT_SECONDS)
		# a redirect would name the site, which this machine may not be able to resolve
		options.setdefault("allow_redirects", False)
		return super().request(method, self.web.base_url + path, **options)

	def call(self, method: str, **arguments: Any) -> requests.Response:
		"""POST to a whitelisted method with JSON arguments."""
		return self.post(f"/api/method/{method}", json=arguments)

	def ask(self, method: str, **arguments: Any) -> requests.Response:
		"""GET a whitelisted method with arguments in the query."""
		return self.get(f"/api/method/{method}", params=arguments)


def forget_calls() -> None:
	"""Let everybody call again as often as the limits allow."""
	frappe.cache.delete_keys("dartwing:calls:")

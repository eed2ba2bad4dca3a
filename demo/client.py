"""A client of the public REST API: what a mobile app or a script would do, with nothing but HTTP."""

import json
import time
from typing import Any

import requests

from demo.errors import DemoError

API = "/api/method/dartwing.dartwing_core.api."
ENDED = ("Completed", "Dead Letter", "Canceled")
TIMEOUT_SECONDS = 30
TOO_MANY_REQUESTS = 429
LONGEST_WAIT_SECONDS = 60


class ApiError(DemoError):
	"""The API refused a call: its HTTP `status`, and its `reason` in words."""

	def __init__(self, path: str, response: requests.Response):
		self.status = response.status_code
		self.reason = reason_of(response)
		super().__init__(f"{path}: HTTP {self.status}: {self.reason}")


def reason_of(response: requests.Response) -> str:
	"""What Frappe would show to a user, else the beginning of the body."""
	try:
		messages = json.loads(response.json()["_server_messages"])
		return "; ".join(json.loads(message)["message"] for message in messages)
	except (ValueError, KeyError):
		return response.text[:500]


class Client:
	"""One member, logged in with a session cookie."""

	def __init__(self, url: str, user: str, password: str):
		self.url = url
		self.user = user
		self._session = requests.Session()
		# a proxy of the environment is not meant for the loopback address
		self._session.trust_env = False
		self._request("POST", "/api/method/login", data={"usr": user, "pwd": password})

	def submit_job(self, **arguments: Any) -> str:
		"""Submit a job and return its id."""
		return self._call("POST", "submit_job", json=arguments)["job_id"]

	def wait_until_ended(self, job_id: str, seconds: float = 60) -> None:
		until = time.monotonic() + seconds
		while self.get_job_status(job_id)["status"] not in ENDED:
			if time.monotonic() > until:
				raise DemoError(f"{job_id} does not end")
			time.sleep(0.5)

	def submit_flow(self, **arguments: Any) -> str:
		"""Submit jobs that depend on each other and return the id of their group."""
		return self._call("POST", "submit_flow", json=arguments)["group_id"]

	def create_schedule(self, **arguments: Any) -> str:
		"""Create a schedule and return its id."""
		return self._call("POST", "create_schedule", "schedules", json=arguments)["schedule_id"]

	def get_group(self, group_id: str) -> dict[str, Any]:
		"""The group with its newest hundred jobs."""
		return self._call("GET", "get_group", params={"group_id": group_id, "limit": 100})

	def upload(self, file_name: str, content: bytes) -> str:
		"""Store a private file and return the name of its document."""
		files = {"file": (file_name, content)}
		response = self._request("POST", "/api/method/upload_file", files=files, data={"is_private": 1})
		return response.json()["message"]["name"]

	def get_job_status(self, job_id: str) -> dict[str, Any]:
		return self._call("GET", "get_job_status", params={"job_id": job_id})

	def list_jobs(self, organization: str) -> list[dict[str, Any]]:
		return self._call("GET", "list_jobs", params={"organization": organization, "limit": 100})["jobs"]

	def get_job_history(self, job_id: str) -> list[dict[str, Any]]:
		return self._call("GET", "get_job_history", params={"job_id": job_id})["history"]

	def download(self, file_url: str) -> bytes:
		"""The content of a private file, if this member may read it."""
		return self._request("GET", file_url).content

	def _call(self, http_method: str, name: str, module: str = "jobs", **arguments: Any) -> Any:
		return self._request(http_method, f"{API}{module}.{name}", **arguments).json()["message"]

	def _request(self, http_method: str, path: str, **arguments: Any) -> requests.Response:
		"""One request; a 429 is tried again when the server says so, everything else is an ApiError."""
		while True:
			response = self._session.request(
				http_method, self.url + path, timeout=TIMEOUT_SECONDS, **arguments
			)
			if response.ok:
				return response
			if response.status_code != TOO_MANY_REQUESTS:
				raise ApiError(path, response)
			time.sleep(min(float(response.headers.get("Retry-After", 1)), LONGEST_WAIT_SECONDS))

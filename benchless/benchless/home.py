"""The home folder: sites, services, logs and settings of one private bench."""

import json
import os
import secrets
import socket
from pathlib import Path

from filelock import FileLock

from benchless.errors import HomeError

MARKER = ".benchless-home"
LOCK = ".benchless-lock"
DEFAULT = ".benchless"
SETTINGS = "common_site_config.json"
PORTS = ("db_port", "redis_queue_port", "redis_cache_port", "socketio_port", "webserver_port")
LOCK_SECONDS = 300


class Home:
	"""Paths and settings below one folder, laid out like a bench."""

	def __init__(self, path: Path):
		self.path = path
		self.sites = path / "sites"
		self.logs = path / "logs"
		self.services = path / "services"

	@classmethod
	def open(cls, path: str | os.PathLike | None = None) -> "Home":
		"""The home at `path`, else at BENCHLESS_HOME, else ./.benchless; made if it is not there.

		Raises HomeError for a folder that holds something else.
		"""
		home = cls(Path(path or os.environ.get("BENCHLESS_HOME") or DEFAULT).resolve())
		home.refuse_foreign_folder()
		home.path.mkdir(parents=True, exist_ok=True)
		with home.lock():
			home.make()
		return home

	def lock(self, timeout: float = LOCK_SECONDS) -> FileLock:
		"""Held while the home or its services change, so two commands never collide."""
		return FileLock(self.path / LOCK, timeout=timeout)

	def refuse_foreign_folder(self) -> None:
		if not self.path.exists():
			return
		if not self.path.is_dir():
			raise HomeError(f"{self.path} is a file; choose a folder with --home or BENCHLESS_HOME")
		found = {entry.name for entry in self.path.iterdir()}
		if found - {LOCK} and not found & {MARKER, LOCK}:
			raise HomeError(
				f"{self.path} is not a benchless home and not empty; "
				"choose another folder with --home or BENCHLESS_HOME"
			)

	def make(self) -> None:
		if (self.path / MARKER).exists():
			return
		for folder in ("sites/assets", "logs", "services", "config"):
			(self.path / folder).mkdir(parents=True, exist_ok=True)
		(self.sites / "apps.txt").write_text("frappe\n")
		self.write_settings(first_settings())
		(self.path / MARKER).write_text("made by benchless\n")

	@property
	def settings_file(self) -> Path:
		return self.sites / SETTINGS

	def settings(self) -> dict:
		return json.loads(self.settings_file.read_text())

	def write_settings(self, settings: dict) -> None:
		self.settings_file.write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")

	def set_setting(self, key: str, value) -> None:
		"""Set a setting of all sites; None removes it."""
		self.write_settings(changed(self.settings(), key, value))

	def site_file(self, site: str) -> Path:
		return self.sites / site / "site_config.json"

	def set_site_setting(self, site: str, key: str, value) -> None:
		settings = changed(json.loads(self.site_file(site).read_text()), key, value)
		self.site_file(site).write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")

	def apps(self) -> list[str]:
		return [line.strip() for line in (self.sites / "apps.txt").read_text().splitlines() if line.strip()]

	def add_app(self, app: str) -> None:
		if app not in self.apps():
			(self.sites / "apps.txt").write_text("\n".join([*self.apps(), app]) + "\n")


def changed(settings: dict, key: str, value) -> dict:
	kept = {name: old for name, old in settings.items() if name != key}
	return kept if value is None else kept | {key: value}


def first_settings() -> dict:
	ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
	queue = f"redis://127.0.0.1:{ports.pop('redis_queue_port')}"
	cache = f"redis://127.0.0.1:{ports.pop('redis_cache_port')}"
	return {
		**ports,
		"db_host": "127.0.0.1",
		"db_root_password": secrets.token_hex(16),
		"redis_queue": queue,
		"redis_cache": cache,
		"redis_socketio": queue,
	}


def free_ports(count: int) -> list[int]:
	"""Loopback ports that nobody listens on; all different, because all are held until found."""
	held = [socket.socket() for _ in range(count)]
	try:
		for one in held:
			one.bind(("127.0.0.1", 0))
		return [one.getsockname()[1] for one in held]
	finally:
		for one in held:
			one.close()


def is_port_free(port: int) -> bool:
	with socket.socket() as probe:
		probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		try:
			probe.bind(("127.0.0.1", port))
		except OSError:
			return False
	return True

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from runtimes.base import APP, LOOPBACK, Runtime, Server, free_port, wait_for_free_port, wait_for_port

CHECKOUT = Path(__file__).resolve().parents[2]
RELAY = Path(__file__).with_name("relay.py")
SERVE = Path(__file__).with_name("bench_serve.py")
SOCKETIO = "node apps/frappe/socketio.js"


class Link:
	"""A name in the bench's folders that leads to this checkout while the tests run.

	What is there and is no link is left alone.
	"""

	def __init__(self, path: Path, target: Path):
		self.path, self.target = path, target
		self._before: Path | None = None
		self._is_made = False

	def make(self) -> None:
		if self.path.exists() and not (self.path.is_symlink() and not self.path.samefile(self.target)):
			return
		self._before = self.path.readlink() if self.path.is_symlink() else None
		self.path.unlink(missing_ok=True)
		self.path.symlink_to(self.target)
		self._is_made = True

	def undo(self) -> None:
		if self._is_made:
			self.path.unlink()
			if self._before:
				self.path.symlink_to(self._before)


class BenchRuntime(Runtime):
	"""A site of an existing bench, whose MariaDB and Redis already run.

	The tests have a queue of their own, on a Redis that they start: no other worker of the bench takes
	their jobs. The bench's MariaDB is reached through a relay. Both may be crashed.
	"""

	# those that stand between the tests and the bench's
	servers = ("redis_queue", "mariadb")

	def __init__(self, bench: str, site: str):
		self.bench = Path(bench).expanduser().resolve()
		self.site = site
		self.sites_path = self.bench / "sites"
		self._installed_by_us = False
		self._listed_by_us = False
		# assets of the web server, and the app's folder, where v16 looks for its Socket.IO handlers
		self._links = (
			Link(self.sites_path / "assets" / APP, CHECKOUT / APP / "public"),
			Link(self.bench / "apps" / APP, CHECKOUT),
		)
		self._environment_before = dict(os.environ)
		self._folder_of_servers = tempfile.TemporaryDirectory(prefix="dartwing-servers-")
		self._ports = {server: free_port() for server in self.servers}
		self._servers: dict[str, subprocess.Popen] = {}

	def command(self, *arguments: str) -> list[str]:
		return [sys.executable, "-m", "frappe.utils.bench_helper", "frappe", *arguments]

	def web_server(self, port: int) -> Server:
		return Server([sys.executable, str(SERVE), str(port)], self.sites_path)

	def socketio_server(self, port: int, web_port: int) -> Server:
		"""As the bench's Procfile starts it. It asks the web server that the client's Origin names."""
		environment = {"FRAPPE_BENCH_ROOT": str(self.bench), "FRAPPE_SOCKETIO_PORT": str(port)}
		return Server(shlex.split(self._procfile().get("socketio", SOCKETIO)), self.bench, environment)

	def _procfile(self) -> dict[str, str]:
		path = self.bench / "Procfile"
		lines = path.read_text().splitlines() if path.exists() else []
		entries = (line.partition(":") for line in lines if ":" in line)
		return {name.strip(): command.strip() for name, _colon, command in entries}

	def start(self) -> None:
		for server in self._ports:
			self.revive(server)
		os.environ["FRAPPE_REDIS_QUEUE"] = f"redis://{LOOPBACK}:{self._ports['redis_queue']}"
		if "mariadb" in self._ports:
			os.environ["FRAPPE_DB_HOST"] = LOOPBACK
			os.environ["FRAPPE_DB_PORT"] = str(self._ports["mariadb"])
		self._list_app()
		# list-apps knows an app only after the first migrate (Frappe v15)
		if APP not in self.run(*self.on_site("execute", "frappe.get_installed_apps")):
			# the list of modules is cached: without this, install-app makes no DocTypes
			self.run(*self.on_site("clear-cache"))
			self.run(*self.on_site("install-app", APP), timeout=600)
			self._installed_by_us = True
		else:
			self.run(*self.on_site("migrate"), timeout=600)

	def stop(self) -> None:
		if self._installed_by_us:
			self.run(*self.on_site("uninstall-app", APP, "--yes", "--no-backup"), timeout=600)
		for link in self._links:
			link.undo()
		if self._listed_by_us:
			apps = [app for app in self._listed_apps() if app != APP]
			(self.sites_path / "apps.txt").write_text("\n".join(apps) + "\n")
		for server in self._ports:
			self.crash(server)
		self._folder_of_servers.cleanup()
		os.environ.clear()
		os.environ.update(self._environment_before)

	def crash(self, server: str) -> None:
		process = self._servers.pop(server)
		process.kill()
		process.wait()
		wait_for_free_port(self._ports[server])

	def revive(self, server: str) -> None:
		folder, port = Path(self._folder_of_servers.name), self._ports[server]
		log = folder / f"{server}.log"
		self._servers[server] = self._start(Server(self._server_command(server, port), folder), log)
		wait_for_port(self._servers[server], port, log)

	def _server_command(self, server: str, port: int) -> list[str]:
		if server == "redis_queue":
			return [
				"redis-server",
				"--bind",
				LOOPBACK,
				"--port",
				str(port),
				"--save",
				"",
				"--appendonly",
				"no",
			]
		host, target = self._database()
		return [sys.executable, str(RELAY), str(port), host, str(target)]

	def _database(self) -> tuple[str, int]:
		"""Where the site's MariaDB is, as Frappe finds it."""
		config = {}
		for path in (self.sites_path, self.sites_path / self.site):
			for file in path.glob("*site_config.json"):
				config.update(json.loads(file.read_text()))
		environment = self._environment_before
		host = environment.get("FRAPPE_DB_HOST") or config.get("db_host") or LOOPBACK
		return host, int(environment.get("FRAPPE_DB_PORT") or config.get("db_port") or 3306)

	def _listed_apps(self) -> list[str]:
		return (self.sites_path / "apps.txt").read_text().split()

	def _list_app(self) -> None:
		"""What `bench get-app` does beside cloning: the bench knows this checkout, and serves its assets."""
		for link in self._links:
			link.make()
		apps = self._listed_apps()
		if APP not in apps:
			(self.sites_path / "apps.txt").write_text("\n".join([*apps, APP]) + "\n")
			self._listed_by_us = True

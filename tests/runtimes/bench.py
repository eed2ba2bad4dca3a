import shlex
import sys
from pathlib import Path

from runtimes.base import APP, Runtime, Server

SERVE = Path(__file__).with_name("bench_serve.py")
SOCKETIO = "node apps/frappe/socketio.js"


class BenchRuntime(Runtime):
	"""A site of an existing bench, whose MariaDB and Redis already run."""

	def __init__(self, bench: str, site: str):
		self.bench = Path(bench).expanduser().resolve()
		self.site = site
		self.sites_path = self.bench / "sites"
		self._installed_by_us = False
		self._listed_by_us = False

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
		if self._listed_by_us:
			apps = [app for app in self._listed_apps() if app != APP]
			(self.sites_path / "apps.txt").write_text("\n".join(apps) + "\n")

	def _listed_apps(self) -> list[str]:
		return (self.sites_path / "apps.txt").read_text().split()

	def _list_app(self) -> None:
		"""What `bench get-app` does beside cloning: the bench knows the app."""
		apps = self._listed_apps()
		if APP not in apps:
			(self.sites_path / "apps.txt").write_text("\n".join([*apps, APP]) + "\n")
			self._listed_by_us = True

import sys
from pathlib import Path
from typing import Any

from runtimes.base import APP, Runtime, Server, wait_for_free_port

CHECKOUT = Path(__file__).resolve().parents[2]


class BenchlessRuntime(Runtime):
	"""A home folder of our own for benchless, with private services and one site."""

	site = "test.localhost"
	scheduler = "scheduler"

	def __init__(self, home: str | Path):
		self.home = Path(home).resolve()
		self.sites_path = self.home / "sites"

	def command(self, *arguments: str) -> list[str]:
		return [sys.executable, "-m", "benchless", *arguments]

	@property
	def environment(self) -> dict[str, str]:
		return {**super().environment, "BENCHLESS_HOME": str(self.home)}

	def web_server(self, port: int) -> Server:
		return Server(
			self.command("serve", "--port", str(port), "--no-socketio", "--all-sites"), self.sites_path
		)

	def socketio_server(self, port: int, web_port: int) -> Server:
		arguments = ("socketio", "--port", str(port), "--web-port", str(web_port))
		return Server(self.command(*arguments), self.sites_path)

	def start(self) -> None:
		self.run("start", timeout=600)
		if not (self.sites_path / self.site / "site_config.json").exists():
			self.run("new-site", self.site, "--admin-password", "admin", timeout=300)
		if APP in self.run(*self.on_site("list-apps")):
			self.run(*self.on_site("migrate"), timeout=300)
		else:
			self.run(*self.on_site("install-app", APP), timeout=300)

	def stop(self) -> None:
		self.run("stop")

	def crash(self, server: str) -> None:
		service = self._service(server)
		process = service.process()
		assert process, f"{server} does not run"
		process.kill()
		assert service.ends_within(30), f"{server} survived kill -9"
		# its threads may outlive their leader a little, and hold the port
		wait_for_free_port(service.port)

	def revive(self, server: str) -> None:
		service = self._service(server)
		service.start(self._home().settings_file)
		service.wait_until_it_answers()

	def _service(self, name: str) -> Any:
		from benchless.services import Services

		return next(service for service in Services(self._home()).all if service.name == name)

	def _home(self) -> Any:
		from benchless.home import Home

		return Home.open(self.home)

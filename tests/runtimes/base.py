import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commands import run_to_end

APP = "dartwing"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Server:
	"""A process that is to serve a port: its argv, its folder and what it needs in its environment."""

	command: list[str]
	folder: Path
	environment: dict[str, str] = field(default_factory=dict)


class Runtime(ABC):
	"""A site that the app is installed on, and the processes that serve it."""

	site: str
	sites_path: Path
	# the command that is the scheduler
	scheduler = "schedule"

	@abstractmethod
	def start(self) -> None:
		"""Start the services, make the site if it is missing, install or migrate the app."""

	@abstractmethod
	def stop(self) -> None:
		"""Leave services, folders and site as they were found."""

	@abstractmethod
	def command(self, *arguments: str) -> list[str]:
		"""The argv of a site or bench command, for example `worker --burst`."""

	@abstractmethod
	def web_server(self, port: int) -> Server:
		"""How to start the web server on a port of 127.0.0.1; the Host header names the site."""

	@abstractmethod
	def socketio_server(self, port: int, web_port: int) -> Server:
		"""How to start the Socket.IO server, which asks the web server who a client is."""

	@property
	def folder(self) -> Path:
		"""Where commands are run: the sites folder, once there is one."""
		return self.sites_path if self.sites_path.exists() else Path.cwd()

	@property
	def environment(self) -> dict[str, str]:
		"""Of every process started here; with it, and only with it, web servers serve dartwing.tests."""
		return {**os.environ, "DARTWING_TESTS": "1"}

	def spawn(self, *arguments: str, log: Path, **environment: str) -> subprocess.Popen:
		"""Start a command in a process group of its own, its output in `log`."""
		return self._start(Server(self.command(*arguments), self.folder, environment), log)

	@contextmanager
	def serving(self, server: Server, port: int, log: Path) -> Iterator[None]:
		"""Have a server listening on its port; what it says goes to `log`, and into the error if it ends."""
		process = self._start(server, log)
		try:
			wait_for_port(process, port, log)
			yield
		finally:
			stop(process)

	def _start(self, server: Server, log: Path) -> subprocess.Popen:
		with open(log, "ab") as output:
			return subprocess.Popen(
				server.command,
				cwd=server.folder,
				env={**self.environment, **server.environment},
				stdin=subprocess.DEVNULL,
				stdout=output,
				stderr=subprocess.STDOUT,
				start_new_session=True,
			)

	def spawn_script(self, script: Path, *arguments: str, log: Path, **environment: str) -> subprocess.Popen:
		"""Start a Python script in the sites folder, with the interpreter and packages of the runtime."""
		command = [sys.executable, str(script), *arguments]
		return self._start(Server(command, self.folder, environment), log)

	@abstractmethod
	def crash(self, server: str) -> None:
		"""Have `mariadb` or `redis_queue` gone from one moment to the next, as after a kill -9."""

	@abstractmethod
	def revive(self, server: str) -> None:
		"""Start a server that crashed, and wait until it answers."""

	def run(self, *arguments: str, timeout: float = 120) -> str:
		"""Run a command to its end and return what it printed; raises with all of it when it fails."""
		done = run_to_end(self.command(*arguments), cwd=self.folder, env=self.environment, timeout=timeout)
		return done.stdout

	@contextmanager
	def site_config(self, **values: Any) -> Iterator[None]:
		"""Add values to the site's configuration for processes that start meanwhile."""
		path, kept = self._site_config(), self._kept_site_config()
		before, is_outermost = path.read_text(), not kept.exists()
		if is_outermost:
			kept.write_text(before)
		path.write_text(json.dumps({**json.loads(before), **values}, indent=1))
		try:
			yield
		finally:
			path.write_text(before)
			if is_outermost:
				kept.unlink()

	def restore_site_config(self) -> None:
		"""Put back what a run that was killed has left changed."""
		if self._kept_site_config().exists():
			self._kept_site_config().replace(self._site_config())

	def _site_config(self) -> Path:
		return self.sites_path / self.site / "site_config.json"

	def _kept_site_config(self) -> Path:
		return self.sites_path / self.site / "site_config.json.before-tests"

	def on_site(self, *arguments: str) -> Sequence[str]:
		return ("--site", self.site, *arguments)


def free_port() -> int:
	with socket.socket() as probe:
		probe.bind((LOOPBACK, 0))
		return probe.getsockname()[1]


def wait_for_port(process: subprocess.Popen, port: int, log: Path, timeout_seconds: float = 60) -> None:
	end = time.monotonic() + timeout_seconds
	while time.monotonic() < end and process.poll() is None:
		with socket.socket() as probe:
			if probe.connect_ex((LOOPBACK, port)) == 0:
				return
		time.sleep(0.05)
	command = shlex.join(map(str, process.args))
	state = "runs" if process.returncode is None else f"ended with {process.returncode}"
	raise AssertionError(f"nothing listens on port {port}; `{command}` {state}:\n{log.read_text()}")


def wait_for_free_port(port: int, timeout_seconds: float = 30) -> None:
	end = time.monotonic() + timeout_seconds
	while time.monotonic() < end:
		with socket.socket() as probe:
			if probe.connect_ex((LOOPBACK, port)):
				return
		time.sleep(0.05)
	raise AssertionError(f"something still listens on port {port}")


def stop(process: subprocess.Popen, timeout_seconds: float = 20) -> None:
	"""End a process that was started here, and what it started, if it does not end itself."""
	process.terminate()
	try:
		process.wait(timeout_seconds)
	except subprocess.TimeoutExpired:
		os.killpg(process.pid, signal.SIGKILL)
		process.wait()

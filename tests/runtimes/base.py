import json
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

APP = "dartwing"


class Runtime(ABC):
	"""A site that the app is installed on, and the processes that serve it."""

	site: str
	sites_path: Path

	@abstractmethod
	def start(self) -> None:
		"""Start the services, make the site if it is missing, install or migrate the app."""

	@abstractmethod
	def stop(self) -> None:
		"""Leave services, folders and site as they were found."""

	@abstractmethod
	def command(self, *arguments: str) -> list[str]:
		"""The argv of a site or bench command, for example `worker --burst`."""

	@property
	def folder(self) -> Path:
		"""Where commands are run: the sites folder, once there is one."""
		return self.sites_path if self.sites_path.exists() else Path.cwd()

	@property
	def environment(self) -> dict[str, str]:
		return dict(os.environ)

	def spawn(self, *arguments: str, log: Path) -> subprocess.Popen:
		"""Start a command in a process group of its own, its output in `log`."""
		with open(log, "ab") as output:
			return subprocess.Popen(
				self.command(*arguments),
				cwd=self.folder,
				env=self.environment,
				stdin=subprocess.DEVNULL,
				stdout=output,
				stderr=subprocess.STDOUT,
				start_new_session=True,
			)

	def run(self, *arguments: str, timeout: float = 120) -> str:
		"""Run a command to its end and return what it printed; raises when it fails."""
		done = subprocess.run(
			self.command(*arguments),
			cwd=self.folder,
			env=self.environment,
			stdin=subprocess.DEVNULL,
			capture_output=True,
			text=True,
			timeout=timeout,
			check=False,
		)
		if done.returncode:
			raise AssertionError(f"{arguments} failed:\n{done.stdout}\n{done.stderr}")
		return done.stdout

	@contextmanager
	def site_config(self, **values: Any) -> Iterator[None]:
		"""Add values to the site's configuration for processes that start meanwhile."""
		path = self.sites_path / self.site / "site_config.json"
		before = path.read_text()
		path.write_text(json.dumps({**json.loads(before), **values}, indent=1))
		try:
			yield
		finally:
			path.write_text(before)

	def on_site(self, *arguments: str) -> Sequence[str]:
		return ("--site", self.site, *arguments)

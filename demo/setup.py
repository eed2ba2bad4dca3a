"""Set up what the demo runs on, phase by phase, and take it down again."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests
from filelock import FileLock, Timeout
from rich.console import Console

from benchless.errors import HomeError
from benchless.home import Home, is_port_free
from demo.errors import DemoError, Interrupted
from demo.processes import Benchless, wait_until
from demo.scenario import ORGANIZATIONS, PASSWORD, SITE
from demo.signals import ignore_signals, signals_held

WEB_SECONDS = 30
LOOK_SECONDS = 0.5


@dataclass
class Phase:
	"""One step of the setup; `outcome` is what its line says when it is over."""

	outcome: str = ""


@contextmanager
def phase(console: Console, name: str) -> Iterator[Phase]:
	step, started = Phase(), time.monotonic()
	status = console.status(f"{name} …")
	with signals_held():
		status.start()
	try:
		yield step
	finally:
		with signals_held():
			status.stop()
	seconds = time.monotonic() - started
	console.print(f"[green]✓[/] {name:<9} {step.outcome} [dim]({seconds:.1f} s)[/]", highlight=False)


@contextmanager
def alone(home: Path) -> Iterator[None]:
	"""Hold the home for this demo; DemoError while another one has it, or when it is something else's."""
	lock = FileLock(home.with_name(f"{home.name}.lock"), timeout=0)
	try:
		Home(home).refuse_foreign_folder()
		home.parent.mkdir(parents=True, exist_ok=True)
		lock.acquire()
	except Timeout:
		raise DemoError(f"Another demo runs in {home}. Wait for its end, or stop it with Ctrl-C.") from None
	except HomeError as error:
		raise DemoError(str(error)) from None
	except OSError as error:
		raise DemoError(f"{home} cannot be the demo's folder: {error.strerror}: {error.filename}") from None
	try:
		yield
	finally:
		lock.release()


class Stage:
	"""Services, site, app, people and web server; everything started here is stopped by `leave`."""

	def __init__(self, bench: Benchless, console: Console):
		self.bench = bench
		self.console = console
		self.people: dict[str, int] = {}
		self._services_were_up = False
		self._touched_services = False

	@property
	def url(self) -> str:
		return f"http://127.0.0.1:{Home(self.bench.home).settings()['webserver_port']}"

	def enter(self) -> None:
		for name, step in (
			("services", self._start_services),
			("site", self._make_site),
			("app", self._install_app),
			("people", self._fill_site),
			("web", self._serve),
		):
			with phase(self.console, name) as current:
				current.outcome = step()

	def leave(self) -> None:
		"""Stop the processes, and the services unless they ran before; signals no longer count."""
		ignore_signals()
		with phase(self.console, "stop") as current:
			self.bench.stop_all()
			if self._touched_services and not self._services_were_up:
				self.bench.run("stop", check=False)
			kept = "; the services ran before and still do" if self._services_were_up else ""
			current.outcome = f"all that was started{kept}"

	def stay_up(self) -> None:
		"""Until a signal asks for the end; DemoError when a process ends by itself."""
		with suppress(Interrupted):
			while True:
				self.bench.refuse_dead()
				time.sleep(LOOK_SECONDS)

	def start_clock(self) -> None:
		self.bench.spawn("clock", "dartwing-clock")

	def start_workers(self, count: int) -> None:
		there = sum(name.startswith("worker-") for name in self.bench.started)
		for number in range(there + 1, there + count + 1):
			self.bench.spawn(f"worker-{number}", "worker", "--queue", "short,default,long")

	def _start_services(self) -> str:
		self.bench.stop_leftovers()
		self._services_were_up = self.bench.run("status", check=False).returncode == 0
		self._refuse_busy_port()
		self._touched_services = True
		self.bench.run("start")
		return "MariaDB and Redis " + ("ran already" if self._services_were_up else "of our own")

	def _refuse_busy_port(self) -> None:
		"""Before the jobs of the last run are gone; `serve` would tell it later."""
		home = Home(self.bench.home)
		for name in ("webserver_port", "socketio_port"):
			port = home.settings()[name]
			if not is_port_free(port):
				raise DemoError(
					f"Port {port} is in use by another program. Stop that program, or change {name} "
					f"in {home.settings_file}."
				)

	@property
	def _installed_marker(self) -> Path:
		return self.bench.site_file.with_name("demo-installed")

	def _make_site(self) -> str:
		"""A site whose setup was cut off is made anew."""
		if self._installed_marker.exists():
			return f"{SITE} is there"
		self.bench.run("new-site", SITE, "--admin-password", PASSWORD, "--force")
		return f"{SITE} made"

	def _install_app(self) -> str:
		if self._installed_marker.exists():
			self.bench.run("--site", SITE, "migrate")
			return "dartwing is up to date"
		self.bench.run("--site", SITE, "install-app", "dartwing")
		self._installed_marker.touch()
		return "dartwing installed"

	def _fill_site(self) -> str:
		printed = self.bench.run_python("-m", "demo.people", cwd=self.bench.sites).stdout
		self.people = json.loads(printed.splitlines()[-1])
		counts = ", ".join(f"{self.people[one.name]:,} in {one.name}" for one in ORGANIZATIONS)
		return f"{counts}; two of each have a login"

	def _serve(self) -> str:
		self.bench.spawn("web", "serve")
		if not wait_until(self._answers, WEB_SECONDS):
			output = self.bench.output_of("web")
			raise DemoError(f"{self.url} does not answer within {WEB_SECONDS} s:\n{output}")
		return self.url

	def _answers(self) -> bool:
		self.bench.refuse_dead()
		session = requests.Session()
		session.trust_env = False
		with suppress(requests.RequestException):
			return session.get(f"{self.url}/api/method/ping", timeout=5).ok
		return False

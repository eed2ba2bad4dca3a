"""Processes of the demo: each is known by its pid, and none outlives the demo."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from demo.errors import DemoError
from demo.signals import signals_held

CHECKOUT = Path(__file__).resolve().parents[1]
INTERRUPT_SECONDS = 30
WARM_STOP_SECONDS = 1.5
COLD_STOP_SECONDS = 5
# a package manager that is cut off leaves the system's packages half configured
NEVER_CUT_OFF = ("apt-get", "dpkg")
PACKAGES_SECONDS = 120


class Benchless:
	"""The `benchless` command for one home and one site, and what was started with it."""

	def __init__(self, home: Path, site: str):
		self.home = home
		self.site = site
		self.started: dict[str, subprocess.Popen] = {}

	@property
	def logs(self) -> Path:
		return self.home / "logs"

	@property
	def sites(self) -> Path:
		return self.home / "sites"

	@property
	def site_file(self) -> Path:
		return self.sites / self.site / "site_config.json"

	def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
		"""Run a command to its end; DemoError with all it wrote if it fails, unless `check` is off."""
		return self.run_python("-m", "benchless", *arguments, check=check)

	def run_python(
		self, *arguments: str, check: bool = True, cwd: Path = CHECKOUT
	) -> subprocess.CompletedProcess:
		process = self._popen(arguments, cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		try:
			output, errors = process.communicate()
		except BaseException:
			interrupt(process)
			raise
		if check and process.returncode:
			raise DemoError(failure(process, output + errors))
		return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

	def spawn(self, name: str, *arguments: str) -> subprocess.Popen:
		"""Start a command that runs beside the demo until `stop_all`."""
		with signals_held(), open(self.log_of(name), "wb") as log:
			self.started[name] = self._popen(
				("-m", "benchless", "--site", self.site, *arguments),
				CHECKOUT,
				stdout=log,
				stderr=subprocess.STDOUT,
			)
			self._remember()
		return self.started[name]

	def log_of(self, name: str) -> Path:
		return self.logs / f"demo-{name}.log"

	def output_of(self, name: str) -> str:
		return self.log_of(name).read_text(errors="replace")

	def refuse_dead(self) -> None:
		"""Raise DemoError with all that a process wrote that should be running and is not."""
		for name, process in self.started.items():
			if process.poll() is not None:
				raise DemoError(failure(process, self.output_of(name)))

	def stop_all(self) -> None:
		processes = [psutil.Process(one.pid) for one in self.started.values() if one.poll() is None]
		stop(processes)
		for process in self.started.values():
			process.wait()
		self.started.clear()
		self._remembered.unlink(missing_ok=True)

	def stop_leftovers(self) -> None:
		"""Stop what a demo that was killed outright could not."""
		with suppress(FileNotFoundError):
			written_down = json.loads(self._remembered.read_text())
			stop([process for process in map(found, written_down) if process])
			self._remembered.unlink()

	@property
	def _remembered(self) -> Path:
		return self.home / "demo-processes.json"

	def _remember(self) -> None:
		processes = [psutil.Process(one.pid) for one in self.started.values() if one.poll() is None]
		self._remembered.write_text(json.dumps([[one.pid, one.create_time()] for one in processes]))

	def _popen(self, arguments: tuple[str, ...], cwd: Path, **streams: object) -> subprocess.Popen:
		"""In a session of its own: Ctrl-C in the terminal reaches the demo only, which stops the rest."""
		return subprocess.Popen(
			[sys.executable, *arguments],
			cwd=cwd,
			env={**os.environ, "BENCHLESS_HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)},
			stdin=subprocess.DEVNULL,
			start_new_session=True,
			**streams,
		)


def found(written_down: list) -> psutil.Process | None:
	"""The process, unless it ended; one that only inherited its pid was created at another time."""
	pid, created = written_down
	with suppress(psutil.NoSuchProcess):
		process = psutil.Process(pid)
		return process if process.create_time() == created else None
	return None


def failure(process: subprocess.Popen, output: str) -> str:
	return f"`{shlex.join(process.args)}` ended with {process.returncode}:\n{output.strip()}"


def interrupt(process: subprocess.Popen) -> None:
	"""End a command as Ctrl-C would, so that it takes back what it half made, then what it leaves behind."""
	family = tree(process.pid)
	wait_for_packages(family)
	family = tree(process.pid) or family
	with suppress(ProcessLookupError):
		process.send_signal(signal.SIGINT)
	with suppress(subprocess.TimeoutExpired):
		process.communicate(timeout=INTERRUPT_SECONDS)
	stop(family)
	process.wait()


def tree(pid: int) -> list[psutil.Process]:
	try:
		process = psutil.Process(pid)
		return [process, *process.children(recursive=True)]
	except psutil.NoSuchProcess:
		return []


def wait_for_packages(family: list[psutil.Process]) -> None:
	busy = [process for process in family if name_of(process) in NEVER_CUT_OFF]
	wait_until(lambda: not any(map(is_alive, busy)), PACKAGES_SECONDS)


def name_of(process: psutil.Process) -> str:
	try:
		return process.name()
	except psutil.NoSuchProcess:
		return ""


def stop(processes: list[psutil.Process]) -> None:
	"""SIGTERM, which lets an RQ worker end its job; again, which does not; then SIGKILL to who is left."""
	family = list({process for one in processes for process in tree(one.pid)})
	alive = family
	for seconds in (WARM_STOP_SECONDS, COLD_STOP_SECONDS):
		alive = send(alive, signal.SIGTERM, seconds)
		if not alive:
			return
	send(alive, signal.SIGKILL, COLD_STOP_SECONDS)


def send(processes: list[psutil.Process], number: int, seconds: float) -> list[psutil.Process]:
	for process in processes:
		with suppress(psutil.NoSuchProcess):
			process.send_signal(number)
	wait_until(lambda: not any(map(is_alive, processes)), seconds)
	return [process for process in processes if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
	"""A zombie has ended: an orphan's stays until process 1 reaps it, which in containers may be never."""
	try:
		return process.status() != psutil.STATUS_ZOMBIE
	except psutil.NoSuchProcess:
		return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
	deadline = time.monotonic() + seconds
	while not condition():
		if time.monotonic() > deadline:
			return False
		time.sleep(0.05)
	return True

"""The home's own MariaDB and Redis servers; no server already on the machine is touched."""

import hashlib
import json
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import psutil
import pymysql
import redis

from benchless import binaries
from benchless.errors import ServiceError
from benchless.home import Home, is_port_free

START_SECONDS = 90
STOP_SECONDS = 60
LONGEST_SOCKET_PATH = 100


@dataclass
class Service:
	"""One server process of the home."""

	name: str
	folder: Path
	port: int
	program: str
	arguments: list[str]
	answers: Callable[[], bool]
	prepare: Callable[[], None] = field(default=lambda: None)
	# those that `prepare` runs
	programs_to_prepare: frozenset[str] = frozenset()
	# where in the log what the process of this start writes begins
	log_start: int = 0

	@property
	def programs(self) -> frozenset[str]:
		return self.programs_to_prepare | {self.program}

	@property
	def pid_file(self) -> Path:
		return self.folder / "process.json"

	@property
	def log_file(self) -> Path:
		return self.folder / "output.log"

	def process(self) -> psutil.Process | None:
		"""The running server that we started; a process that only inherited its pid does not count."""
		try:
			record = json.loads(self.pid_file.read_text())
			process = psutil.Process(record["pid"])
			is_ours = abs(process.create_time() - record["created"]) < 1
			return process if is_ours and process.status() != psutil.STATUS_ZOMBIE else None
		except (FileNotFoundError, ValueError, KeyError, psutil.NoSuchProcess):
			return None

	def start(self, settings_file: Path) -> None:
		"""Start the process without waiting for it; ServiceError if its port is taken."""
		if not is_port_free(self.port):
			raise ServiceError(
				f"Port {self.port} of {self.name} is in use by another program. Stop that program, or "
				f"write a free port into {settings_file} and start again."
			)
		self.folder.mkdir(parents=True, exist_ok=True)
		self.prepare()
		with self.log_file.open("ab") as log:
			self.log_start = log.tell()
			process = subprocess.Popen(
				[self.program, *self.arguments],
				executable=binaries.find(self.program),
				stdin=subprocess.DEVNULL,
				stdout=log,
				stderr=log,
				cwd=self.folder,
				start_new_session=True,
			)
		created = psutil.Process(process.pid).create_time()
		self.pid_file.write_text(json.dumps({"pid": process.pid, "created": created}))

	def wait_until_it_answers(self) -> None:
		deadline = time.monotonic() + START_SECONDS
		while not self.answers():
			if not self.process() or time.monotonic() > deadline:
				command = shlex.join([self.program, *self.arguments])
				raise ServiceError(
					f"{self.name} did not start. `{command}` wrote to {self.log_file}:\n{self.output()}"
				)
			time.sleep(0.05)

	def output(self) -> str:
		"""What the process has written since it was started here."""
		if not self.log_file.exists():
			return ""
		return self.log_file.read_bytes()[self.log_start :].decode(errors="replace").strip()

	def stop(self) -> bool:
		"""Stop the process and wait for its end; returns whether there was one."""
		process = self.process()
		if process:
			process.terminate()
			if not self.ends_within(STOP_SECONDS):
				process.kill()
				self.ends_within(STOP_SECONDS)
		self.pid_file.unlink(missing_ok=True)
		return process is not None

	def ends_within(self, seconds: float) -> bool:
		"""Wait for the end of the process. One that nobody reaped yet has ended: in a container, where
		process 1 may be no init, it stays a zombie for ever."""
		deadline = time.monotonic() + seconds
		while self.process():
			if time.monotonic() > deadline:
				return False
			time.sleep(0.05)
		return True


class Services:
	"""All servers of a home."""

	def __init__(self, home: Home):
		self.home = home
		settings = home.settings()
		self.all = [
			mariadb(home, settings),
			redis_server(home, "redis_queue", settings["redis_queue"], []),
			redis_server(home, "redis_cache", settings["redis_cache"], ["--save", ""]),
		]

	def start(self) -> bool:
		"""Start what is not running and wait until all answer; returns whether anything was started."""
		with self.home.lock():
			missing = [service for service in self.all if not service.process()]
			binaries.require({name for service in missing for name in service.programs})
			for service in missing:
				service.start(self.home.settings_file)
			for service in self.all:
				service.wait_until_it_answers()
		return bool(missing)

	def stop(self) -> bool:
		"""Stop what runs; returns whether anything did."""
		with self.home.lock():
			return any([service.stop() for service in reversed(self.all)])

	def status(self) -> dict[str, bool]:
		return {service.name: service.process() is not None for service in self.all}


def redis_server(home: Home, name: str, url: str, options: list[str]) -> Service:
	port = urlparse(url).port
	folder = home.services / name
	arguments = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), *options]
	client = redis.Redis(host="127.0.0.1", port=port, socket_timeout=5)

	def answers() -> bool:
		try:
			return bool(client.ping())
		except redis.RedisError:
			return False

	return Service(name, folder, port, "redis-server", arguments, answers)


def mariadb(home: Home, settings: dict) -> Service:
	folder = home.services / "mariadb"
	port = int(settings["db_port"])
	password = settings["db_root_password"]
	options = {
		"datadir": folder / "data",
		# a server removes what looks like a temporary table when it starts, also another one's
		"tmpdir": folder / "tmp",
		"socket": socket_path(folder),
		"pid-file": folder / "mariadbd.pid",
		"port": port,
		"bind-address": "127.0.0.1",
		"init-file": folder / "root.sql",
		"character-set-server": "utf8mb4",
		"collation-server": "utf8mb4_unicode_ci",
		"innodb-buffer-pool-size": "256M",
		"innodb-log-file-size": "48M",
		"max-connections": 400,
		"max-allowed-packet": "256M",
	}
	arguments = [
		"--no-defaults",
		"--skip-name-resolve",
		*binaries.as_user(),
		*(f"--{k}={v}" for k, v in options.items()),
	]
	return Service(
		"mariadb",
		folder,
		port,
		"mariadbd",
		arguments,
		answers=lambda: accepts_root(port, password),
		prepare=lambda: prepare_mariadb(folder, password),
		programs_to_prepare=frozenset() if is_made(folder) else frozenset({"mariadb-install-db"}),
	)


def socket_path(folder: Path) -> Path:
	"""In the folder, or in the temporary folder if the system allows no path that long."""
	path = folder / "mariadb.sock"
	if len(str(path)) < LONGEST_SOCKET_PATH:
		return path
	digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
	return Path(tempfile.gettempdir()) / f"benchless-{digest}.sock"


def prepare_mariadb(folder: Path, password: str) -> None:
	"""Make the data directory once; one that was left half made is made again."""
	(folder / "tmp").mkdir(parents=True, exist_ok=True)
	accounts = folder / "root.sql"
	accounts.write_text(
		"".join(
			f"CREATE OR REPLACE USER root@'{host}' IDENTIFIED BY '{password}';\n"
			f"GRANT ALL PRIVILEGES ON *.* TO root@'{host}' WITH GRANT OPTION;\n"
			for host in ("localhost", "127.0.0.1")
		)
	)
	accounts.chmod(0o600)
	if is_made(folder):
		return
	shutil.rmtree(folder / "data", ignore_errors=True)
	binaries.make_database(folder / "data")
	complete(folder).touch()


def is_made(folder: Path) -> bool:
	return complete(folder).exists()


def complete(folder: Path) -> Path:
	"""The file that tells a whole data directory from one that was left half made."""
	return folder / "data.complete"


def accepts_root(port: int, password: str) -> bool:
	try:
		pymysql.connect(
			host="127.0.0.1", port=port, user="root", password=password, connect_timeout=5
		).close()
	except pymysql.Error:
		return False
	return True

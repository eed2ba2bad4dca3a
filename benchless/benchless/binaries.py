"""The servers' programs: where they are, whether they run, and Debian's packages that bring them."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchless.errors import ServiceError
from benchless.processes import run

# of this machine; tests/chromium.py has the same
INSTALLATION_LOCK = "benchless-apt-get.lock"
# Debian's redis-tools has the server's program under this name; it acts by the name it is called
REDIS_UNDER_ANOTHER_NAME = "redis-check-rdb"
SEARCH_PATH = os.pathsep.join(
	[os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"]
)


@dataclass(frozen=True)
class Program:
	"""A program that is needed; `packages` start no system service."""

	name: str
	packages: tuple[str, ...]
	# that it is there is not enough: raises ServiceError unless it runs
	try_out: Callable[[], None]


def find(program: str) -> str | None:
	found = shutil.which(program, path=SEARCH_PATH)
	if not found and program == "redis-server":
		return shutil.which(REDIS_UNDER_ANOTHER_NAME, path=SEARCH_PATH)
	return found


def tell_version(program: str, *arguments: str) -> Callable[[], None]:
	return lambda: run([program, *arguments, "--version"], executable=find(program))


def make_database(folder: Path) -> None:
	"""Make the data directory of a new MariaDB, whose root has no password.

	A MariaDB that starts removes all temporary tables from its temporary folder: those of another one, if
	they share it.
	"""
	command = ["mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--skip-test-db"]
	command += ["--auth-root-authentication-method=normal", "--innodb-log-file-size=48M", *as_user()]
	with tempfile.TemporaryDirectory(prefix="benchless-") as temporary:
		run([*command, f"--tmpdir={temporary}"], executable=find("mariadb-install-db"))


def make_database_and_remove_it() -> None:
	with tempfile.TemporaryDirectory(prefix="benchless-") as folder:
		make_database(Path(folder) / "data")


def as_user() -> list[str]:
	# mariadbd refuses to run as root unless told so
	return ["--user=root"] if os.geteuid() == 0 else []


PROGRAMS = (
	Program("mariadbd", ("mariadb-server-core",), tell_version("mariadbd", "--no-defaults")),
	# a script; of what it calls, my_print_defaults comes with the client
	Program(
		"mariadb-install-db", ("mariadb-client-core", "mariadb-server-core"), make_database_and_remove_it
	),
	Program("redis-server", ("redis-tools",), tell_version("redis-server")),
)


def require(names: set[str]) -> None:
	"""Make sure that these programs run: as root on Debian install what is missing, else say what it is."""
	failed = failures(names)
	if failed and can_install():
		install(packages_of(failed))
		failed = failures(names)
	if failed:
		reasons, packages = "\n".join(failed.values()), " ".join(packages_of(failed))
		raise ServiceError(
			f"{reasons}\nOn Debian or Ubuntu: sudo apt-get install {packages}. "
			"On macOS: brew install mariadb redis."
		)


def failures(names: set[str]) -> dict[Program, str]:
	"""Those of the programs that are missing or do not run, each with the reason."""
	found: dict[Program, str] = {}
	for program in PROGRAMS:
		if program.name in names:
			try:
				if not find(program.name):
					raise ServiceError(f"{program.name} is missing.")
				program.try_out()
			except ServiceError as error:
				found[program] = str(error)
	return found


def packages_of(programs: dict[Program, str]) -> list[str]:
	return sorted({package for program in programs for package in program.packages})


def can_install() -> bool:
	return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install(packages: list[str]) -> None:
	"""With apt, which refuses a second process: that one waits here."""
	environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
	with open(Path(tempfile.gettempdir()) / INSTALLATION_LOCK, "w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
			run(["apt-get", *command], env=environment)

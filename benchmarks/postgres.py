"""A PostgreSQL of our own for Procrastinate, where the machine has one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import run_to_end
from runtimes.base import LOOPBACK, free_port, stop, wait_for_port

# PostgreSQL refuses to run as root; Debian's package makes this user
USER = "postgres"


def folder_of_postgres() -> Path | None:
	"""Where `initdb` and `postgres` are: on the path, or where Debian keeps its versions; the newest."""
	found = shutil.which("initdb")
	versions = [Path(found).resolve()] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
	return versions[-1].parent if versions else None


@contextmanager
def own_postgres() -> Iterator[str]:
	"""Its address; it keeps its default settings, and is gone after the block."""
	binaries, port = folder_of_postgres(), free_port()
	assert binaries, "there is no PostgreSQL"
	with tempfile.TemporaryDirectory(prefix="dartwing-postgres-") as folder:
		as_user = {"user": USER} if os.geteuid() == 0 else {}
		if as_user:
			shutil.chown(folder, USER)
		data, log = Path(folder) / "data", Path(folder) / "log"
		initialise = [str(binaries / "initdb"), "--pgdata", str(data), "--auth", "trust", "--username", USER]
		run_to_end(initialise, cwd=Path(folder), **as_user)
		command = [str(binaries / "postgres"), "-D", str(data), "-h", LOOPBACK, "-p", str(port), "-k", folder]
		with open(log, "ab") as output:
			process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, **as_user)
		try:
			wait_for_port(process, port, log)
			yield f"postgresql://{USER}@{LOOPBACK}:{port}/postgres"
		finally:
			stop(process)

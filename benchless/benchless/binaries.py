"""Where the servers' programs are, and how to get them."""

import os
import shutil
import subprocess

from benchless.errors import ServiceError

# the packages that hold the programs and start no system service
DEBIAN_PACKAGES = {
	"mariadbd": "mariadb-server-core",
	"mariadb-install-db": "mariadb-server-core",
	"redis-server": "redis-tools",
}
# Debian's redis-tools has the server's program under this name; it acts by the name it is called
REDIS_UNDER_ANOTHER_NAME = "redis-check-rdb"
SEARCH_PATH = os.pathsep.join(
	[os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"]
)


def find(program: str) -> str | None:
	found = shutil.which(program, path=SEARCH_PATH)
	if not found and program == "redis-server":
		return shutil.which(REDIS_UNDER_ANOTHER_NAME, path=SEARCH_PATH)
	return found


def require() -> None:
	"""Make sure that all programs are there: as root on Debian install them, else say what is missing."""
	missing = [program for program in DEBIAN_PACKAGES if not find(program)]
	if not missing:
		return
	packages = sorted({DEBIAN_PACKAGES[program] for program in missing})
	if os.geteuid() == 0 and shutil.which("apt-get"):
		install(packages)
	missing = [program for program in DEBIAN_PACKAGES if not find(program)]
	if missing:
		raise ServiceError(
			f"benchless needs {', '.join(missing)}. On Debian or Ubuntu: sudo apt-get install "
			f"{' '.join(packages)}. On macOS: brew install mariadb redis."
		)


def install(packages: list[str]) -> None:
	environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
	for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
		done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True)
		if done.returncode:
			raise ServiceError(f"apt-get {' '.join(command)} failed: {done.stderr.strip()[-500:]}")

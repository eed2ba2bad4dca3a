"""The browser's program, which tests/browser and tests/desk drive. Standard library only."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from commands import run_to_end

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# of this machine; benchless/binaries.py has the same
INSTALLATION_LOCK = "benchless-apt-get.lock"
PACKAGES = ("chromium", "fonts-dejavu-core")


def find_chromium() -> str:
	"""A program that runs; as root on Debian it is installed when there is none.

	Raises AssertionError with the reason when there is none, or when it does not run.
	"""
	if not program() and can_install():
		install()
	found = program()
	if not found:
		raise AssertionError(
			"the browser tests need Chromium; on Debian or Ubuntu: "
			f"sudo apt-get install {' '.join(PACKAGES)}. CHROMIUM can name another program."
		)
	run_to_end([found, "--version"], timeout=60)
	return found


def program() -> str | None:
	return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def can_install() -> bool:
	return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install() -> None:
	"""With apt, which refuses a second process: that one waits here."""
	environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
	with open(Path(tempfile.gettempdir()) / INSTALLATION_LOCK, "w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
			run_to_end(["apt-get", *arguments], env=environment)

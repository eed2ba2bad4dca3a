"""Say what `make test` or `make demo` will install, before anything is: `announce.py FOLDER [--browser]`.

Silent when nothing is missing. Run by the system's Python, which has the standard library only, with the
folder `benchless` on its path.
"""

import sys
from pathlib import Path

import chromium

from benchless import binaries


def announcement(venv: Path, needs_browser: bool) -> list[str]:
	lines = []
	if not (venv / ".ready").exists():
		lines.append(f"with pip, into {venv}: the app, benchless and the tools that pyproject.toml names")
	failed = binaries.failures({program.name for program in binaries.PROGRAMS})
	packages = binaries.packages_of(failed)
	if needs_browser and not chromium.program():
		packages += chromium.PACKAGES
	if packages:
		names = " ".join(sorted(packages))
		lines.append(
			f"with apt-get, when first needed: {names}"
			if binaries.can_install()
			else f"by you, as you are not root or this is no Debian: apt-get install {names}"
		)
	return [f"  {line}" for line in lines]


if __name__ == "__main__":
	lines = announcement(Path(sys.argv[1]), "--browser" in sys.argv[2:])
	if lines:
		print("to be installed:", *lines, sep="\n", flush=True)

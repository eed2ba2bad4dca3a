"""Where processes wait for each other, so that they do something at the same instant."""

import os
import time
from pathlib import Path


def wait_for_the_others(go: Path) -> None:
	"""Tell that this process is ready, and wait until the file `go` is there."""
	go.with_name(f"{go.name}.ready{os.getpid()}").touch()
	while not go.exists():
		time.sleep(0.001)

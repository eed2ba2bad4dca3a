"""Commands that tests run to their end. Standard library only."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_to_end(
	command: Sequence[str],
	cwd: Path | None = None,
	env: Mapping[str, str] | None = None,
	timeout: float | None = None,
	user: str | None = None,
) -> subprocess.CompletedProcess[str]:
	"""Run a command to its end; AssertionError with the command and all that it wrote when it fails."""
	try:
		done = subprocess.run(
			command,
			cwd=cwd,
			env=env,
			user=user,
			stdin=subprocess.DEVNULL,
			capture_output=True,
			text=True,
			errors="replace",
			timeout=timeout,
			check=False,
		)
	except OSError as error:
		raise AssertionError(f"`{shlex.join(command)}` could not be started: {error}") from error
	except subprocess.TimeoutExpired as error:
		written = "\n".join(as_text(part) for part in (error.stdout, error.stderr) if part)
		raise AssertionError(f"`{shlex.join(command)}` did not end in {timeout} s:\n{written}") from error
	if done.returncode:
		raise AssertionError(
			f"`{shlex.join(command)}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
		)
	return done


def as_text(written: str | bytes) -> str:
	return written if isinstance(written, str) else written.decode(errors="replace")

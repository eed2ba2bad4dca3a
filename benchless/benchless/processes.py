"""Starting helper processes of a command, and ending them with it."""

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from benchless.errors import ServiceError

STOP_SECONDS = 5
PARENT_CHECK_SECONDS = 1


def run(command: Sequence[str], executable: str | None = None, env: dict[str, str] | None = None) -> str:
	"""Run a command to its end and return what it printed.

	Raises ServiceError with the command and its whole output when it fails or cannot be started.
	"""
	try:
		done = subprocess.run(
			command,
			executable=executable,
			env=env,
			stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT,
			text=True,
			errors="replace",
		)
	except OSError as error:
		raise ServiceError(f"`{shlex.join(command)}` could not be started: {error}") from error
	if done.returncode:
		raise ServiceError(f"`{shlex.join(command)}` ended with {done.returncode}:\n{done.stdout.strip()}")
	return done.stdout


def stop_on_sigterm() -> None:
	"""Make SIGTERM end this process the way Ctrl-C does, so that `finally` blocks run."""

	def interrupt(_signal, _frame):
		raise KeyboardInterrupt

	signal.signal(signal.SIGTERM, interrupt)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen]:
	"""Run `benchless <arguments>` beside this process for the length of the block."""
	process = subprocess.Popen([sys.executable, "-m", "benchless", *arguments], start_new_session=True)
	try:
		yield process
	finally:
		process.terminate()
		try:
			process.wait(STOP_SECONDS)
		except subprocess.TimeoutExpired:
			process.kill()
			process.wait()


def run_until_stopped(coroutine, parent: int | None = None) -> None:
	"""Run a coroutine until SIGTERM, Ctrl-C, or the end of the process `parent`, that of our own parent."""

	async def main():
		task = asyncio.ensure_future(coroutine)
		loop = asyncio.get_running_loop()
		for number in (signal.SIGINT, signal.SIGTERM):
			loop.add_signal_handler(number, task.cancel)
		watch = asyncio.ensure_future(cancel_without_parent(task, parent)) if parent else None
		with suppress(asyncio.CancelledError):
			await task
		if watch:
			watch.cancel()

	asyncio.run(main())


async def cancel_without_parent(task: asyncio.Task, parent: int) -> None:
	while os.getppid() == parent:
		await asyncio.sleep(PARENT_CHECK_SECONDS)
	task.cancel()

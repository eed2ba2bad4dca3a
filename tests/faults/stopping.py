"""Stops a process at one exact point, so that a test can kill it there. Nothing of this is in the product."""

import os
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

ENGINE = "dartwing.dartwing_core.background_jobs"


def stop_as_told() -> None:
	"""Arrange the stop that the environment names: STOP_AT, and STOP_MARKER for `wait_here`.

	STOP_AT is `before executor.perform` or `after execution.claims.start`: a function of the engine. A third
	word says at which of its calls in one process, if not at the first: `before executor.perform 2`.
	"""
	when, target, *number = os.environ["STOP_AT"].split()
	name, _dot, function_name = target.rpartition(".")
	module = import_module(f"{ENGINE}.{name}")
	at_call = int(number[0]) if number else 1
	setattr(module, function_name, stopping(getattr(module, function_name), when, at_call))


def stopping(function: Callable, when: str, at_call: int) -> Callable:
	calls = count(1)

	@wraps(function)
	def stopped(*arguments: Any, **keywords: Any) -> Any:
		is_here = next(calls) == at_call
		if is_here and when == "before":
			wait_here()
		returned = function(*arguments, **keywords)
		if is_here and when == "after":
			wait_here()
		return returned

	return stopped


def wait_here() -> None:
	"""Write this process's id into the marker and wait until the marker is gone; only the first time."""
	marker = Path(os.environ["STOP_MARKER"])
	been_here = marker.with_suffix(".been")
	if been_here.exists():
		return
	been_here.touch()
	unfinished = marker.with_suffix(".new")
	unfinished.write_text(str(os.getpid()))
	unfinished.rename(marker)
	while marker.exists():
		time.sleep(0.02)

"""Stops a process at one exact point, so that a test can kill it there. Nothing of this is in the product."""

import os
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

ENGINE = "dartwing.dartwing_core.background_jobs"


def stop_as_told() -> None:
	"""Arrange the stop that the environment names: STOP_AT, and STOP_MARKER for `wait_here`.

	STOP_AT is `before executor.perform` or `after execution.claims.start`: a function of the engine.
	"""
	when, target = os.environ["STOP_AT"].split()
	name, _dot, function_name = target.rpartition(".")
	module = import_module(f"{ENGINE}.{name}")
	setattr(module, function_name, stopping(getattr(module, function_name), when))


def stopping(function: Callable, when: str) -> Callable:
	@wraps(function)
	def stopped(*arguments: Any, **keywords: Any) -> Any:
		if when == "before":
			wait_here()
		returned = function(*arguments, **keywords)
		if when == "after":
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

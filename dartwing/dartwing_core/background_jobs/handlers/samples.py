"""Handlers to try the engine with."""

import time

from dartwing.dartwing_core.background_jobs.errors import PermanentError, TransientError
from dartwing.dartwing_core.background_jobs.execution.context import JobContext


def echo_job(context: JobContext) -> dict:
	"""Return the parameters as the result."""
	return {"result": context.parameters}


def sample_job(context: JobContext) -> dict:
	"""Work for `duration` seconds (default 1), then end as asked.

	`fail_with`: "transient", "permanent" or "error" raises that; `fail_attempts` (default: all) limits
	the failure to the first so many attempts.
	"""
	duration = float(context.parameters.get("duration", 1))
	work(context, duration, steps=max(1, int(duration * 10)))
	fail_with = context.parameters.get("fail_with")
	if fail_with and context.attempt <= int(context.parameters.get("fail_attempts", context.attempt)):
		raise FAILURES[fail_with](f"sample_job was asked to fail with: {fail_with}")
	return {"result": {"slept_seconds": duration, "attempt": context.attempt}}


def long_running_job(context: JobContext) -> dict:
	"""Work for `steps` (default 60) steps of `step_seconds` (default 1), resuming where it stopped."""
	steps = int(context.parameters.get("steps", 60))
	step_seconds = float(context.parameters.get("step_seconds", 1))
	done = (context.checkpoint or {}).get("done", 0)
	for step in range(done + 1, steps + 1):
		time.sleep(step_seconds)
		context.save_checkpoint({"done": step})
		context.update_progress(100 * step / steps, f"step {step} of {steps}")
	return {"result": {"steps": steps, "resumed_at": done}}


FAILURES = {"transient": TransientError, "permanent": PermanentError, "error": RuntimeError}


def work(context: JobContext, seconds: float, steps: int) -> None:
	for step in range(1, steps + 1):
		time.sleep(seconds / steps)
		context.update_progress(100 * step / steps, f"{step} of {steps}")

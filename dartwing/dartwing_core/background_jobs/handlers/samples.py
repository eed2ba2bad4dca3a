"""Handlers to try the engine with."""

import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dartwing.dartwing_core.background_jobs.errors import PermanentError, TransientError
from dartwing.dartwing_core.background_jobs.execution.context import JobContext


def echo_job(context: JobContext) -> dict:
	"""Return the parameters as the result."""
	return {"result": context.parameters}


class Sample(BaseModel):
	# whoever tries something may note more
	model_config = ConfigDict(extra="allow")

	duration: float = Field(1, ge=0, title="Duration (seconds)")
	fail_with: Literal["transient", "permanent", "error"] | None = Field(
		None, title="Fail With", description="The kind of error with which it ends."
	)
	fail_attempts: int | None = Field(
		None, ge=0, title="Failing Attempts", description="How many attempts fail; without it, all do."
	)


class LongRunning(BaseModel):
	model_config = ConfigDict(extra="allow")

	steps: int = Field(60, ge=1, title="Steps")
	step_seconds: float = Field(1, ge=0, title="Seconds of a Step")


def sample_job(context: JobContext[Sample]) -> dict:
	"""Work for `duration` seconds, then end as asked."""
	wanted = context.parameters
	work(context, wanted.duration, steps=max(1, int(wanted.duration * 10)))
	failing = context.attempt if wanted.fail_attempts is None else wanted.fail_attempts
	if wanted.fail_with and context.attempt <= failing:
		raise FAILURES[wanted.fail_with](f"sample_job was asked to fail with: {wanted.fail_with}")
	return {"result": {"slept_seconds": wanted.duration, "attempt": context.attempt}}


def long_running_job(context: JobContext[LongRunning]) -> dict:
	"""Work for so many steps, resuming where it stopped."""
	steps, step_seconds = context.parameters.steps, context.parameters.step_seconds
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

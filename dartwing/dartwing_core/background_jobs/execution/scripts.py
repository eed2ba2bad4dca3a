"""Handlers without code: the script of a Job Type, in Frappe's sandbox, with its part of a JobContext."""

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import PermanentError
from dartwing.dartwing_core.background_jobs.execution.context import JobContext
from dartwing.dartwing_core.doctype.job_type import scripts

# plain values of a context that a script may read
VALUES = (
	"job_id",
	"job_type",
	"organization",
	"owner",
	"parameters",
	"attempt",
	"timeout_seconds",
	"checkpoint",
	"idempotency_key",
)


class ScriptContext:
	"""What a script is given as `context`. It leaves what the job leaves in `result` and `output_reference`.

	The sandbox lets a script read no attribute whose name begins with an underscore.
	"""

	def __init__(self, context: JobContext) -> None:
		self._context = context
		self.result: Any = None
		self.output_reference: str | None = None
		for name in VALUES:
			setattr(self, name, getattr(context, name))

	@property
	def parents(self) -> list[frappe._dict]:
		return [frappe._dict(vars(parent)) for parent in self._context.parents]

	def update_progress(self, percent: float, message: str | None = None) -> None:
		self._context.update_progress(percent, message)

	def log(self, message: Any, level: str = "INFO") -> None:
		self._context.log(message, level)

	def save_checkpoint(self, data: dict[str, Any]) -> None:
		self._context.save_checkpoint(data)

	def is_canceled(self) -> bool:
		return self._context.is_canceled()

	def submit(self, job_type: str, parameters: dict[str, Any] | None = None, **arguments: Any) -> str:
		"""The id of the new job."""
		return self._context.submit(job_type, parameters, **arguments).name

	def step(self, name: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
		return self._context.step(name, function, *arguments, **named)

	def each(self, name: str, items: Any, key: Any = None) -> Any:
		return self._context.each(name, items, key)


def run(context: JobContext) -> dict[str, Any]:
	"""Run the script that the context's Job Type has now; it commits nothing but its steps.

	Raises PermanentError if there is none, or if the site does not allow server scripts any more.
	"""
	script = frappe.db.get_value("Job Type", context.job_type, "script")
	if not script:
		raise PermanentError(_("Job Type {0} has no script").format(context.job_type))
	if not scripts.are_allowed():
		raise PermanentError(scripts.not_allowed())
	given = ScriptContext(context)
	scripts.sandbox().safe_exec(
		script, {"context": given}, restrict_commit_rollback=True, script_filename=context.job_type
	)
	return {"result": given.result, "output_reference": given.output_reference}

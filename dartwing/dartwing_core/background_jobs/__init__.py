"""Public names of the job engine: they stay when modules move from room to room.

They are loaded on first use: importing one part, as the DocTypes do, does not import the whole
engine, and `from dartwing.dartwing_core.background_jobs import submit_job` still works.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
	from dartwing.dartwing_core.background_jobs.engine import cancel_job, submit_job, submit_jobs
	from dartwing.dartwing_core.background_jobs.errors import (
		DryRunError,
		DuplicateJobError,
		JobCanceledError,
		JobTimeoutError,
		PermanentError,
		QueueFullError,
		RateLimitExceededError,
		Snooze,
		TransientError,
	)
	from dartwing.dartwing_core.background_jobs.insight.diagnosis import doctor
	from dartwing.dartwing_core.background_jobs.insight.groups import get_group, list_groups
	from dartwing.dartwing_core.background_jobs.insight.log_lines import get_job_log
	from dartwing.dartwing_core.background_jobs.insight.queries import (
		get_job_history,
		get_job_status,
		get_job_steps,
		list_dead_letters,
		list_jobs,
	)
	from dartwing.dartwing_core.background_jobs.insight.schedules import (
		get_schedule,
		list_schedules,
		preview_schedule,
	)
	from dartwing.dartwing_core.background_jobs.metrics import get_metrics
	from dartwing.dartwing_core.background_jobs.parameters.references import Link, LinkTo, Upload
	from dartwing.dartwing_core.background_jobs.progress import JobContext
	from dartwing.dartwing_core.background_jobs.schedules.changes import (
		backfill_schedule,
		create_schedule,
		delete_schedule,
		pause_schedule,
		resume_schedule,
		update_schedule,
	)
	from dartwing.dartwing_core.background_jobs.submission.flows import Flow, Job
	from dartwing.dartwing_core.background_jobs.submission.json_objects import generate_job_hash
	from dartwing.dartwing_core.background_jobs.upkeep.dead_letter import (
		discard_job,
		discard_jobs,
		retry_job,
		retry_jobs,
	)
	from dartwing.dartwing_core.background_jobs.upkeep.groups import (
		cancel_group,
		discard_group,
		retry_group,
	)
	from dartwing.dartwing_core.background_jobs.upkeep.holding import pause, resume
	from dartwing.dartwing_core.background_jobs.upkeep.recovery import recover
	from dartwing.dartwing_core.background_jobs.upkeep.remade_jobs import (
		retry_with_parameters,
		run_for_real,
	)
	from dartwing.dartwing_core.background_jobs.upkeep.retention import cleanup_old_jobs

__all__ = [
	"DryRunError",
	"DuplicateJobError",
	"Flow",
	"Job",
	"JobCanceledError",
	"JobContext",
	"JobTimeoutError",
	"Link",
	"LinkTo",
	"PermanentError",
	"QueueFullError",
	"RateLimitExceededError",
	"Snooze",
	"TransientError",
	"Upload",
	"backfill_schedule",
	"cancel_group",
	"cancel_job",
	"cleanup_old_jobs",
	"create_schedule",
	"delete_schedule",
	"discard_group",
	"discard_job",
	"discard_jobs",
	"doctor",
	"generate_job_hash",
	"get_group",
	"get_job_history",
	"get_job_log",
	"get_job_status",
	"get_job_steps",
	"get_metrics",
	"get_schedule",
	"list_dead_letters",
	"list_groups",
	"list_jobs",
	"list_schedules",
	"pause",
	"pause_schedule",
	"preview_schedule",
	"recover",
	"resume",
	"resume_schedule",
	"retry_group",
	"retry_job",
	"retry_jobs",
	"retry_with_parameters",
	"run_for_real",
	"submit_job",
	"submit_jobs",
	"update_schedule",
]

_MODULE_OF = {
	**dict.fromkeys([name for name in __all__ if name.endswith("Error")], "errors"),
	**dict.fromkeys([name for name in __all__ if name.endswith(("_job", "_jobs"))], "engine"),
	**dict.fromkeys(
		("get_job_history", "get_job_status", "get_job_steps", "list_dead_letters", "list_jobs"),
		"insight.queries",
	),
	**dict.fromkeys(("discard_job", "discard_jobs", "retry_job", "retry_jobs"), "upkeep.dead_letter"),
	**dict.fromkeys(("pause", "resume"), "upkeep.holding"),
	**dict.fromkeys(("Flow", "Job"), "submission.flows"),
	**dict.fromkeys(("get_group", "list_groups"), "insight.groups"),
	**dict.fromkeys(("cancel_group", "discard_group", "retry_group"), "upkeep.groups"),
	**dict.fromkeys([name for name in __all__ if name.endswith("_schedule")], "schedules.changes"),
	**dict.fromkeys(("get_schedule", "list_schedules", "preview_schedule"), "insight.schedules"),
	**dict.fromkeys(("Link", "LinkTo", "Upload"), "parameters.references"),
	**dict.fromkeys(("retry_with_parameters", "run_for_real"), "upkeep.remade_jobs"),
	"JobContext": "progress",
	"get_job_log": "insight.log_lines",
	"Snooze": "errors",
	"cleanup_old_jobs": "upkeep.retention",
	"doctor": "insight.diagnosis",
	"get_metrics": "metrics",
	"generate_job_hash": "submission.json_objects",
	"recover": "upkeep.recovery",
}


def __getattr__(name: str) -> Any:
	if name not in _MODULE_OF:
		raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
	return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)

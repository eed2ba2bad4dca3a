"""Public names of the job engine.

They are loaded on first use: importing one part, as the DocTypes do, does not import the whole
engine, and `from dartwing.dartwing_core.background_jobs import submit_job` still works.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
	from dartwing.dartwing_core.background_jobs.engine import (
		get_job_history,
		get_job_status,
		list_jobs,
		submit_job,
		submit_jobs,
	)
	from dartwing.dartwing_core.background_jobs.errors import (
		JobCanceledError,
		JobTimeoutError,
		PermanentError,
		TransientError,
	)
	from dartwing.dartwing_core.background_jobs.limits import generate_job_hash
	from dartwing.dartwing_core.background_jobs.progress import JobContext

__all__ = [
	"JobCanceledError",
	"JobContext",
	"JobTimeoutError",
	"PermanentError",
	"TransientError",
	"generate_job_hash",
	"get_job_history",
	"get_job_status",
	"list_jobs",
	"submit_job",
	"submit_jobs",
]

_MODULE_OF = {
	**dict.fromkeys(
		("get_job_history", "get_job_status", "list_jobs", "submit_job", "submit_jobs"), "engine"
	),
	**dict.fromkeys(("JobCanceledError", "JobTimeoutError", "PermanentError", "TransientError"), "errors"),
	"JobContext": "progress",
	"generate_job_hash": "limits",
}


def __getattr__(name: str) -> Any:
	if name not in _MODULE_OF:
		raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
	return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)

"""What a job needs of Frappe and of the engine, imported once in a worker instead of once in each fork.

A stock worker forks for each RQ job and imports in the fork what Frappe loads lazily. `bench` imports
the module `commands` of every app before it runs any command: what a worker has imported by then, its
forks have too, with `bench worker` and with `bench worker-pool`.
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

# none of them starts a thread or opens a connection, which would not survive a fork
MODULES = (
	"frappe.core.doctype.docfield.docfield",
	"frappe.core.doctype.docperm.docperm",
	"frappe.core.doctype.has_role.has_role",
	"frappe.core.doctype.role.role",
	"frappe.core.doctype.system_settings.system_settings",
	"frappe.core.doctype.user_permission.user_permission",
	"frappe.core.doctype.version.version",
	"frappe.database.mariadb.database",
	"frappe.database.query",
	"frappe.email.doctype.notification.notification",
	"frappe.model.create_new",
	"frappe.model.document",
	"frappe.utils.logger",
	"frappe.utils.nestedset",
	"frappe.utils.safe_exec",
	"frappe.website.path_resolver",
	"dartwing.dartwing_core.background_jobs.executor",
	"dartwing.dartwing_core.doctype.job_type.job_type",
)
# libraries that read data of their own when they are first used, which takes longer than to import them
FIRST_USES: dict[str, Callable[[ModuleType], object]] = {
	"pytz": lambda pytz: len(pytz.all_timezones_set),
	"sqlparse": lambda sqlparse: sqlparse.format("select 1"),
}
WORKERS = {"worker", "worker-pool"}
# set to 0, each job imports what it needs, as in a stock worker
SWITCH = "DARTWING_WARM_START"


def load_in_a_worker() -> None:
	"""Import all of it if this process is a worker."""
	if WORKERS & set(sys.argv) and os.environ.get(SWITCH) != "0":
		load()


def load() -> None:
	"""Import all of it; what this version of Frappe does not have is left out."""
	for name in (*MODULES, *modules_of_hooks()):
		imported(name)
	for name, use in FIRST_USES.items():
		if library := imported(name):
			use(library)


def imported(name: str) -> ModuleType | None:
	"""The module; None if there is none of that name."""
	try:
		return import_module(name)
	except ModuleNotFoundError as error:
		if not error.name or not name.startswith(error.name):
			raise
		return None


def modules_of_hooks() -> Iterator[str]:
	"""Where Frappe's own hooks for every job and for every document are."""
	hooks = import_module("frappe.hooks")
	methods = [*getattr(hooks, "before_job", ()), *getattr(hooks, "after_job", ())]
	for of_event in getattr(hooks, "doc_events", {}).get("*", {}).values():
		methods += [of_event] if isinstance(of_event, str) else of_event
	return (method.rpartition(".")[0] for method in methods)

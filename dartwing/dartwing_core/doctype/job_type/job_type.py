import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from dartwing.dartwing_core.background_jobs import error_log, texts
from dartwing.dartwing_core.background_jobs.database.connections import short_lock_waits
from dartwing.dartwing_core.background_jobs.database.drivers import LOCK_WAIT_SECONDS
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot
from dartwing.dartwing_core.background_jobs.database.uncommitted_reads import uncommitted_reads
from dartwing.dartwing_core.background_jobs.errors import fault_of_json, refuse_beyond
from dartwing.dartwing_core.background_jobs.parameters.contracts import contract_of
from dartwing.dartwing_core.background_jobs.parameters.problems import ContractError
from dartwing.dartwing_core.background_jobs.parameters.references import check_links
from dartwing.dartwing_core.background_jobs.parameters.schemas import text_of
from dartwing.dartwing_core.background_jobs.parameters.written_schemas import checked_schema
from dartwing.dartwing_core.background_jobs.statuses import UNFINISHED
from dartwing.dartwing_core.background_jobs.tenancy import access
from dartwing.dartwing_core.background_jobs.tenancy.access_hooks import READING
from dartwing.dartwing_core.background_jobs.type_limits import Limits, key_of, prefix_of
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.job_type import scripts

# schedules that a refusal names
MOST_NAMED = 5
# the kind of a Job Type whose handler is a script; of all others it is a function of an app
SCRIPT = "Script"
MAX_RATE_LIMIT_WINDOW_SECONDS = 24 * 60 * 60
YEAR_SECONDS = 366 * 24 * 60 * 60
# longer ones would be added to times until there is no such date, and RQ's alarm takes no such number
MOST_SECONDS = {
	"default_timeout": YEAR_SECONDS,
	# sixteen times that is waited before the last retries
	"retry_base_delay": YEAR_SECONDS,
	"deduplication_window": YEAR_SECONDS,
	"debounce_seconds": YEAR_SECONDS,
	"debounce_longest_wait": YEAR_SECONDS,
	"rate_limit_window": MAX_RATE_LIMIT_WINDOW_SECONDS,
}


class JobType(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		allow_web_submission: DF.Check
		debounce_longest_wait: DF.Int
		debounce_seconds: DF.Int
		deduplication_window: DF.Int
		default_priority: DF.Literal["Low", "Normal", "High", "Critical"]
		default_timeout: DF.Int
		description: DF.SmallText | None
		display_name: DF.Data
		equal_jobs: DF.Literal["Refuse", "Answer Existing", "Replace Waiting", "Allow"]
		equal_parameters: DF.SmallText | None
		equal_per_owner: DF.Check
		handler_method: DF.Data | None
		is_enabled: DF.Check
		is_paused: DF.Check
		kind: DF.Literal["Method", "Script"]
		limited_parameter: DF.Data | None
		limits: DF.SmallText | None
		max_running_in_organization: DF.Int
		max_running_on_site: DF.Int
		max_running_per_value: DF.Int
		max_retries: DF.Int
		notify_owner: DF.Literal["Never", "On Failure", "Always"]
		notify_owner_by: DF.Literal["Bell", "E-Mail", "Both"]
		parameters_help: DF.SmallText | None
		parameters_schema: DF.JSON | None
		parameters_template: DF.JSON | None
		rate_limit: DF.Int
		rate_limit_window: DF.Int
		requires_permission: DF.Link | None
		retry_base_delay: DF.Int
		script: DF.Code | None
		schema_from_handler: DF.Check
		start_limit: DF.Int
		start_limit_window: DF.Int
		starts_counted_per: DF.Literal["Site", "Organization", "Value"]
		type_name: DF.Data
	# end: auto-generated types

	def has_permission(self, permtype: str = "read", **named: Any) -> bool:
		"""As the roles say, and to change it only for System Managers: a share counts after Frappe's hooks."""
		may_change = self.flags.ignore_permissions or access.is_system_manager(named.get("user"))
		return super().has_permission(permtype, **named) and (permtype in READING or may_change)

	def before_validate(self) -> None:
		"""Frappe sets no defaults for what is imported, as a fixture that says what matters to its app.

		Nor does it make numbers of texts before it stores them; a form that is sent has texts.
		"""
		if self.is_new():
			self.update_if_missing(frappe.new_doc(self.doctype, as_dict=True))
		for field in self.meta.get("fields", {"fieldtype": "Int"}):
			self.set(field.fieldname, cint(self.get(field.fieldname)))

	def validate(self) -> None:
		texts.make_plain(self, "display_name", "description", "parameters_help")
		enabling = self.is_enabled and self.has_value_changed("is_enabled")
		changed = enabling or any(map(self.has_value_changed, ("kind", "handler_method", "script")))
		if self.is_new() or changed:
			self._check_handler()
		if self.default_timeout < 1:
			frappe.throw(_("Default Timeout must be at least 1 second, not {0}").format(self.default_timeout))
		refuse_beyond(self, MOST_SECONDS)
		if self.rate_limit and not self.rate_limit_window:
			frappe.throw(_("Rate Limit needs a Rate Limit Window of 1 to 86400 seconds"))
		self._refuse_secrets()
		self._keep_limits()
		self.check_debounce()
		check_template(self.parameters_template)
		if isinstance(self.parameters_template, str):
			# Desk shows a field of JSON that may not be changed as HTML
			self.parameters_template = texts.inert_json(self.parameters_template)
		self._keep_schema()

	def _keep_schema(self) -> None:
		"""Take the schema from the handler; what somebody has written for one that has none is checked."""
		try:
			handler = loaded_handler(self.handler_method)
			contract = contract_of(handler) if handler else None
		except ContractError as error:
			_refuse(self.handler_method, _("its parameters have no schema: {0}").format(error))
		if contract:
			self.parameters_schema, self.schema_from_handler = contract.schema_text, 1
		elif self.schema_from_handler and (handler or self.kind == SCRIPT):
			self.parameters_schema, self.schema_from_handler = None, 0
		elif not self.schema_from_handler:
			self.parameters_schema = self._written_schema()
		if self.parameters_schema and self.has_value_changed("parameters_schema"):
			self._check_links()

	def _check_links(self) -> None:
		try:
			check_links(json.loads(self.parameters_schema or "{}"))
		except ContractError as error:
			frappe.throw(texts.inert(texts.storable(_("Parameters Schema: {0}").format(error))))

	def _written_schema(self) -> str | None:
		"""Raises ValidationError for what is no schema."""
		written = self.parameters_schema
		if not written or (isinstance(written, str) and not written.strip()):
			return None
		try:
			return text_of(checked_schema(written))
		except ContractError as error:
			reason = _("Parameters Schema: {0}").format(error)
			frappe.throw(texts.inert(texts.storable(reason)))
			raise

	def _check_handler(self) -> None:
		if self.kind == SCRIPT:
			self._check_script()
			self.handler_method = None
		else:
			get_handler(self.handler_method or "")
			self.script = None

	def _check_script(self) -> None:
		"""A script runs as the owners of jobs: only who may do all that anybody may writes one."""
		if not access.is_system_manager():
			frappe.throw(_("Script: only System Managers write scripts"), frappe.PermissionError)
		scripts.check(self.script)

	def on_update(self) -> None:
		before = self.get_doc_before_save()
		if before and self.limits and before.limits != self.limits:
			self._limit_accepted_jobs()

	def on_trash(self) -> None:
		"""Schedules go on naming it, and each of their slots would be refused."""
		with uncommitted_reads():
			names = frappe.get_all(
				"Job Schedule", {"job_type": self.name}, pluck="name", limit=MOST_NAMED + 1
			)
		if names:
			more = ", …" if len(names) > MOST_NAMED else ""
			frappe.throw(
				_(
					"Schedules submit jobs of {0}: {1}. Delete them or give them another Job Type first"
				).format(self.name, ", ".join(names[:MOST_NAMED]) + more),
				frappe.LinkExistsError,
			)

	def _limit_accepted_jobs(self) -> None:
		"""Jobs that were accepted under other limits are counted by these from now on.

		Who waits for one of them holds the others, which do not start meanwhile.
		"""
		try:
			with short_lock_waits(LOCK_WAIT_SECONDS):
				self._limit_unfinished_jobs(Limits.of(self.limits))
				self._limit_starts()
		except frappe.QueryTimeoutError:
			reason = _(
				"A job of {0} is being changed by somebody else. Its limits are not changed; try again"
			)
			frappe.throw(reason.format(self.name), frappe.QueryTimeoutError)

	def _limit_unfinished_jobs(self, limits: Limits) -> None:
		last, job = "", frappe.qb.DocType("Background Job")
		query = frappe.qb.from_(job).select(job.name, job.input_parameters).orderby(job.name).limit(1000)
		query = query.where((job.job_type == self.name) & job.status.isin(UNFINISHED))
		while rows := query.where(job.name > last).run():
			names: dict[str, list[str]] = {}
			for name, parameters in rows:
				names.setdefault(key_of(self.name, limits, parameters), []).append(name)
			for key, of_key in names.items():
				frappe.db.sql(
					f"""{ignoring_snapshot()}update `tabBackground Job` force index (primary)
					set limit_key = %s, held_by = if(held_by is null, null, %s) where name in %s""",
					(key, key, tuple(of_key)),
				)
			last = rows[-1][0]

	def _limit_starts(self) -> None:
		frappe.db.sql(
			f"""{ignoring_snapshot()}update `tabJob Start` set counts_until = started_at + interval %s second
			where scope_key like %s""",
			(self.start_limit_window or 0, f"{prefix_of(self.name)}%"),
		)

	def _refuse_secrets(self) -> None:
		"""Who learns that two jobs are equal, or wait for each other, learns what is compared."""
		for name in (*self.names_of_equal_parameters(), self.limited_parameter or ""):
			if name and kept_texts.is_masked(name):
				reason = _("{0} is a masked parameter: nothing is compared by it, who guesses would know it")
				frappe.throw(reason.format(repr(name)))

	def _keep_limits(self) -> None:
		"""Check what limits running jobs and starts, and keep it as the engine reads it."""
		needs_parameter = self.max_running_per_value or (
			self.start_limit and self.starts_counted_per == "Value"
		)
		if needs_parameter and not self.limited_parameter:
			frappe.throw(_("Parameter: name the parameter whose values are limited"))
		if self.start_limit and not 1 <= (self.start_limit_window or 0) <= MAX_RATE_LIMIT_WINDOW_SECONDS:
			frappe.throw(
				_("Window of Starts must be 1 to 86400 seconds, not {0}").format(self.start_limit_window)
			)
		self.limits = Limits(
			self.max_running_on_site or 0,
			self.max_running_in_organization or 0,
			self.max_running_per_value or 0,
			self.limited_parameter if needs_parameter else "",
			self.start_limit or 0,
			self.start_limit_window or 0,
			self.starts_counted_per or "Site",
		).as_text()

	def check_debounce(self) -> None:
		if not self.debounce_seconds:
			return
		if self.equal_jobs not in ("Answer Existing", "Replace Waiting"):
			frappe.throw(_("Debounce needs Equal Jobs to be Answer Existing or Replace Waiting"))
		if self.debounce_longest_wait < self.debounce_seconds:
			frappe.throw(
				_("Longest Debounce must be at least Debounce ({0} seconds), not {1}").format(
					self.debounce_seconds, self.debounce_longest_wait
				)
			)

	def names_of_equal_parameters(self) -> list[str]:
		"""The parameters that must be equal in equal jobs; none: all of them."""
		return [name.strip() for name in re.split(r"[,\n]", self.equal_parameters or "") if name.strip()]


def check_template(template: str | dict | None) -> None:
	"""Raise ValidationError unless a Parameters Template is a JSON object, or empty."""
	try:
		parsed = json.loads(template) if isinstance(template, str) and template.strip() else template or {}
	except (ValueError, RecursionError) as error:
		frappe.throw(_("Parameters Template {0}").format(fault_of_json(error)))
	if not isinstance(parsed, dict):
		frappe.throw(_("Parameters Template must be a JSON object"))


def loaded_handler(path: str | None) -> Callable | None:
	"""The handler at the path, as it is in this process; None if it cannot be loaded."""
	try:
		return frappe.get_attr(path) if path else None
	except (Exception, SystemExit):
		return None


def keep_schemas() -> None:
	"""Take the schemas of all typed handlers anew: their code may have changed. Commits nothing."""
	for name in frappe.get_all("Job Type", pluck="name"):
		keep_schema_of(name)


def keep_schema_of(name: str) -> None:
	"""As `keep_schemas`, for one Job Type. A handler that cannot be used, or loaded, changes nothing."""
	job_type = frappe.get_doc("Job Type", name)
	before = (job_type.parameters_schema, job_type.schema_from_handler)
	handler = loaded_handler(job_type.handler_method)
	try:
		contract = contract_of(handler) if handler else None
	except ContractError:
		error_log.record(f"{name}: the parameters of its handler have no schema")
		return
	after = (contract.schema_text, 1) if contract else (None, 0)
	if handler and after != before and (contract or job_type.schema_from_handler):
		job_type.db_set({"parameters_schema": after[0], "schema_from_handler": after[1]})


def get_handler(path: str) -> Callable:
	"""The function at a dotted path, checked to be a handler: one of an installed app, taking a JobContext.

	Raises frappe.ValidationError that names the path and what is wrong with it.
	"""
	module, _dot, _name = path.rpartition(".")
	app = path.split(".")[0]
	if not module or app not in frappe.get_installed_apps():
		_refuse(path, _("it is not in an installed app"))
	try:
		handler = frappe.get_attr(path)
	except (Exception, SystemExit) as error:
		# the module is the app's own: anything may be wrong with it, also that it is a script which exits
		_refuse(path, f"{type(error).__name__}: {error}")
	if not inspect.isfunction(handler) or handler.__module__.split(".")[0] != app:
		_refuse(path, _("it is not a function of {0}").format(app))
	if inspect.iscoroutinefunction(handler) or inspect.isgeneratorfunction(handler):
		_refuse(path, _("it must be a plain function, neither async nor a generator"))
	if not takes_job_context(handler):
		_refuse(path, _("it must take exactly one argument, named context or annotated JobContext"))
	return handler


def takes_job_context(function: Callable) -> bool:
	parameters = list(inspect.signature(function).parameters.values())
	if len(parameters) != 1 or parameters[0].kind not in (
		inspect.Parameter.POSITIONAL_ONLY,
		inspect.Parameter.POSITIONAL_OR_KEYWORD,
	):
		return False
	annotation = parameters[0].annotation
	annotated_as = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
	return parameters[0].name == "context" or annotated_as.split(".")[-1] == "JobContext"


def _refuse(path: str, reason: str) -> None:
	message = _("Handler Method {0} cannot be used: {1}").format(path, reason)
	frappe.throw(texts.inert(texts.storable(message)))

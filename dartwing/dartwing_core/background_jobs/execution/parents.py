"""What the jobs that a running job depends on have left for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import frappe

from dartwing.dartwing_core.background_jobs.announcing.masking import Secrets
from dartwing.dartwing_core.background_jobs.dispatch import parents
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.background_job.kept_texts import PARENTS_READ_AT_ONCE


@dataclass(frozen=True)
class Parent:
	"""A job that ended before this one started: its `parameters`, and what its handler returned.

	Of a job that was deleted since, only `job_id` and `status` are known.
	"""

	job_id: str
	status: str | None
	job_type: str | None = None
	parameters: dict[str, Any] | None = None
	result: Any = None
	output_reference: str | None = None
	error_message: str | None = None


class Parents(Sequence[Parent]):
	"""The parents in the order of their submission, read when asked for, in the handler's transaction.

	The values of their masked parameters become secrets of the job that reads them.
	"""

	def __init__(self, job_id: str, has_any: bool, secrets: Secrets) -> None:
		self._job_id = job_id
		self._has_any = has_any
		self._secrets = secrets
		self._states: dict[str, parents.ParentState] | None = None

	def _all(self) -> list[str]:
		if self._states is None:
			found = parents.of_jobs([self._job_id]) if self._has_any else {}
			self._states = found.get(self._job_id, {})
		return list(self._states)

	def __len__(self) -> int:
		return len(self._all())

	@overload
	def __getitem__(self, position: int) -> Parent: ...
	@overload
	def __getitem__(self, position: slice) -> list[Parent]: ...
	def __getitem__(self, position: int | slice) -> Parent | list[Parent]:
		names = self._all()
		if isinstance(position, slice):
			return list(self._read(names[position]))
		return next(self._read([names[position]]))

	def __iter__(self) -> Iterator[Parent]:
		return self._read(self._all())

	def _read(self, names: list[str]) -> Iterator[Parent]:
		for start in range(0, len(names), PARENTS_READ_AT_ONCE):
			some = names[start : start + PARENTS_READ_AT_ONCE]
			rows = frappe.db.sql(
				"""select name, status, job_type, input_parameters, result, output_reference, error_message
				from `tabBackground Job` where name in %s""",
				(tuple(some),),
			)
			found = {name: row for name, *row in rows}
			for name in some:
				yield self._parent(name, *found.get(name, ()))

	def _parent(self, name: str, status: str | None = None, *row: Any) -> Parent:
		if not row:
			return Parent(name, (self._states or {})[name].status)
		job_type, parameters, result, *rest = row
		self._secrets.include(kept_texts.secrets_of(parameters))
		read = json_objects.from_json
		return Parent(name, status, job_type, read(parameters) or {}, read(result), *rest)

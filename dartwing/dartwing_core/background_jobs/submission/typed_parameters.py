"""Parameters of a submission by what their Job Type's contract says: the handler's, or a written one."""

from typing import Any, NoReturn

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument, refuse_arguments
from dartwing.dartwing_core.background_jobs.parameters.contracts import Contract, contract_of
from dartwing.dartwing_core.background_jobs.parameters.problems import (
	ContractError,
	ParametersError,
	path_of,
)
from dartwing.dartwing_core.background_jobs.parameters.references import References
from dartwing.dartwing_core.background_jobs.parameters.written_schemas import written_contract
from dartwing.dartwing_core.background_jobs.submission import json_objects
from dartwing.dartwing_core.doctype.background_job import kept_texts
from dartwing.dartwing_core.doctype.job_type.job_type import JobType, loaded_handler


class ParameterChecks:
	"""The checks of one submission; a document that many of its jobs name is looked up once."""

	def __init__(self) -> None:
		self._references = References()

	def normal_form(self, job_type: JobType, parameters: Any, argument: str) -> Any:
		"""The parameters as they are stored; what has no contract stays as it is.

		Raises ValidationError that names the place, as `parameters.people[3].e_mail`.
		"""
		# a type that was cached before the column was there has no such field
		if not job_type.get("parameters_schema"):
			return parameters
		json_objects.check_is_object(parameters, argument)
		try:
			if job_type.schema_from_handler:
				return self._typed(job_type, parameters)
			text = json_objects.serialize_parameters(parameters, argument)
			contract = written_contract(job_type.parameters_schema)
			contract.check(json_objects.from_json(text), self._references, kept_texts.hiding_of(text))
		except ParametersError as error:
			_refuse(error, argument)
		return parameters

	def _typed(self, job_type: JobType, parameters: Any) -> Any:
		handler = loaded_handler(job_type.handler_method)
		try:
			contract = contract_of(handler) if handler else None
		except ContractError as error:
			raise frappe.ValidationError(f"{job_type.handler_method}: {error}") from error
		if not handler:
			reason = _("{0} cannot be loaded here, so that nobody can check its parameters")
			refuse_argument("job_type", reason.format(job_type.handler_method))
		if not contract:
			return parameters
		return contract.normal_form(parameters, self._references, kept_texts.hiding_of)


def checked(contract: Contract, parameters: Any) -> dict[str, Any]:
	"""The normal form of a typed handler's parameters; raises ValidationError that names the place."""
	try:
		return contract.normal_form(parameters, References(), kept_texts.hiding_of)
	except ParametersError as error:
		_refuse(error, "parameters")


def _refuse(error: ParametersError, argument: str) -> NoReturn:
	problems = [(f"{argument}{path_of(one.place)}", one.reason) for one in error.problems]
	refuse_arguments(error.reason, problems)

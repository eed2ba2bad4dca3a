"""The JSON Schema that a Job Type keeps: its handler's, or one that somebody wrote by hand."""

import json
from collections.abc import Callable
from typing import Any

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.parameters.contracts import contract_of


def schema_text_of(handler: Callable) -> str | None:
	"""The schema of the handler's parameters as a Job Type keeps it; None for a handler that takes any.

	Raises ContractError for a type that parameters cannot have.
	"""
	contract = contract_of(handler)
	return text_of(contract.schema) if contract else None


def text_of(schema: Any) -> str:
	"""In the order of its author, which is that of a form's fields; Desk may show it as HTML."""
	return texts.inert_json(json.dumps(schema, ensure_ascii=False, separators=(",", ":")))

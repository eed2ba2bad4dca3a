"""The texts of a job: storable, plain, and without the values of its masked parameters."""

import json
from functools import partial
from typing import Any

import frappe

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.announcing import masking
from dartwing.dartwing_core.background_jobs.announcing.masking import Secrets
from dartwing.dartwing_core.background_jobs.parameters.problems import Hiding
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# in documents, with dots for the values of masked parameters
SHOWN_MASKED = ("input_parameters", "parameters")
# parameters are up to 1 MiB: no more than these are in memory at once
PARENTS_READ_AT_ONCE = 20


def _of_dry_run(secrets: Secrets, result: str) -> str:
	"""The result of a dry run: the counts around what its handler returned are the engine's own."""
	counts = json.loads(result)
	if "result" in counts:
		counts["result"] = secrets.hide_in(counts["result"])
	return texts.inert_json(masking.compact(counts))


def _documents(secrets: Secrets, documents: str) -> str:
	"""The documents of a dry run: what they are called is hidden, but not in which form that is said."""
	hidden = {
		kind: [{what: secrets.hide_in(said) for what, said in document.items()} for document in named]
		for kind, named in json.loads(documents).items()
	}
	return texts.inert_json(masking.compact(hidden))


# fields that a handler or a person fills, and how each becomes what is kept
TEXTS = {
	"error_message": Secrets.line,
	"error_traceback": Secrets.traceback,
	"progress_message": partial(Secrets.line, characters=texts.MAX_PROGRESS_MESSAGE),
	"result": Secrets.result,
	"dry_run_documents": _documents,
}


def secrets_of(parameters: str | None) -> Secrets:
	"""What no text about a job with these parameters (JSON) may say: the values of its masked parameters."""
	return Secrets.of(parameters, _masked_words())


def secrets_of_parents(job_id: str) -> tuple[Secrets, bool]:
	"""The same of the jobs that this one depends on, which its handler is given; and whether all are there."""
	found, is_whole = Secrets(), True
	query = "select depends_on from `tabJob Dependency` where background_job = %s"
	names = frappe.db.sql(query, (job_id,), pluck=True)
	for start in range(0, len(names), PARENTS_READ_AT_ONCE):
		some = names[start : start + PARENTS_READ_AT_ONCE]
		query = "select input_parameters from `tabBackground Job` where name in %s"
		rows = frappe.db.sql(query, (some,), pluck=True)
		is_whole = is_whole and len(rows) == len(some)
		for parameters in rows:
			found.include(secrets_of(parameters))
	return found, is_whole


def masked(parameters_or_checkpoint: str, secrets: Secrets) -> str:
	"""A JSON text as it may be shown, with the values of masked parameters replaced."""
	return secrets.result(masking.mask_text(parameters_or_checkpoint, _masked_words()))


def place_of_mask(parameters: str) -> tuple[str | int, ...] | None:
	"""Where in parameters (JSON) dots stand in place of a secret, as they were shown to whoever sends them."""
	return masking.place_of_mask(parameters, _masked_words())


def is_masked(parameter: str) -> bool:
	"""Whether nobody is shown the values of a parameter of this name."""
	return masking.mask({parameter: "a value"}, _masked_words()) != {parameter: "a value"}


def hiding_of(parameters: str) -> Hiding:
	"""What errors about these parameters (JSON) may not say."""
	return Hiding(is_masked, lambda said: secrets_of(parameters).hide(said))


def mask(job: Any, secrets: Secrets) -> None:
	"""Mask the parameters and the checkpoint in the document, and empty what else nobody is shown."""
	if job.get("input_parameters"):
		job.set("input_parameters", masked(job.get("input_parameters"), secrets))
	if job.get("checkpoint"):
		job.set("checkpoint", _masked_checkpoint(job, secrets))
	empty(job)


def empty(document: Any) -> None:
	"""Empty the fields of a document that nobody is shown, but those that are shown with dots.

	`api.shown_to_nobody` keeps all of them out of lists, reports and exports.
	"""
	for field in OWN[document.doctype].shown_to_nobody:
		if field not in SHOWN_MASKED and document.get(field):
			document.set(field, None)


def _masked_checkpoint(job: Any, secrets: Secrets) -> str:
	"""It may have kept what the handler was given of parents; if one is gone, nobody knows what that was."""
	if job.get("depends_on"):
		of_parents, is_whole = secrets_of_parents(job.name)
		if not is_whole:
			return masking.compact(masking.MASK)
		secrets.include(of_parents)
	return masked(job.get("checkpoint"), secrets)


def kept(changes: dict[str, Any], secrets: Secrets) -> dict[str, str]:
	"""Those of the changed fields that are texts, as they are kept."""
	becomes = {**TEXTS, "result": _of_dry_run} if changes.get("dry_run_documents") else TEXTS
	return {
		field: becomes[field](secrets, changes[field])
		for field in becomes.keys() & changes.keys()
		if changes[field] is not None
	}


def _masked_words() -> list[str]:
	"""Words in the names of parameters whose values nobody is shown."""
	return str(setting("masked_parameters") or "").split()

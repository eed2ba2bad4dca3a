"""The texts of a job: storable, plain, and without the values of its masked parameters."""

from functools import partial
from typing import Any

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.announcing import masking
from dartwing.dartwing_core.background_jobs.announcing.masking import Secrets
from dartwing.dartwing_core.background_jobs.parameters.problems import Hiding
from dartwing.dartwing_core.background_jobs.tenancy.own_doctypes import OWN
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# in documents, with dots for the values of masked parameters
SHOWN_MASKED = ("input_parameters", "parameters", "checkpoint")
# fields that a handler or a person fills, and how each becomes what is kept
TEXTS = {
	"error_message": Secrets.line,
	"error_traceback": Secrets.traceback,
	"progress_message": partial(Secrets.line, characters=texts.MAX_PROGRESS_MESSAGE),
	"result": Secrets.result,
	"dry_run_documents": Secrets.result,
}


def secrets_of(parameters: str | None) -> Secrets:
	"""What no text about a job with these parameters (JSON) may say: the values of its masked parameters."""
	return Secrets.of(parameters, _masked_words())


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
	for field in SHOWN_MASKED:
		if job.get(field):
			job.set(field, masked(job.get(field), secrets))
	empty(job)


def empty(document: Any) -> None:
	"""Empty the fields of a document that nobody is shown, but those that are shown with dots.

	`api.shown_to_nobody` keeps all of them out of lists, reports and exports.
	"""
	for field in OWN[document.doctype].shown_to_nobody:
		if field not in SHOWN_MASKED and document.get(field):
			document.set(field, None)


def kept(changes: dict[str, Any], secrets: Secrets) -> dict[str, str]:
	"""Those of the changed fields that are texts, as they are kept."""
	return {
		field: TEXTS[field](secrets, changes[field])
		for field in TEXTS.keys() & changes.keys()
		if changes[field] is not None
	}


def _masked_words() -> list[str]:
	"""Words in the names of parameters whose values nobody is shown."""
	return str(setting("masked_parameters") or "").split()

"""Defaults of the engine, with their units. site_config may override each as `dartwing_<name>`."""

import frappe

MAX_PARAMETERS_BYTES = 1024 * 1024
MAX_RESULT_BYTES = 64 * 1024
MAX_CHECKPOINT_BYTES = 1024 * 1024
MAX_PROGRESS_MESSAGE_LENGTH = 255
MAX_BULK_SUBMIT = 10_000

DEFAULTS = {
	"progress_interval_seconds": 1.0,
	"retry_base_delay_seconds": 60,
	"dispatch_batch_size": 500,
}


def get(name: str) -> float:
	"""The site's value of a default; raises KeyError for a name that is none."""
	return frappe.conf.get(f"dartwing_{name}", DEFAULTS[name])

"""Defaults of the engine, with their units. site_config may override each as `dartwing_<name>`."""

import frappe

MAX_PARAMETERS_BYTES = 1024 * 1024
MAX_RESULT_BYTES = 64 * 1024
MAX_CHECKPOINT_BYTES = 1024 * 1024
# objects and lists in each other: what MariaDB takes for valid JSON
MAX_JSON_LEVELS = 31
# steps of one job; many items of one kind are one step (`context.each`)
MAX_STEPS = 1000
MAX_STEP_NAME = 140
MAX_STEP_RESULT_BYTES = 1024 * 1024
# what is kept of the log of one attempt: its first and its last lines
FIRST_LOG_LINES, FIRST_LOG_CHARACTERS = 200, 50_000
LAST_LOG_LINES, LAST_LOG_CHARACTERS = 800, 200_000
# characters of a line, and of a traceback below it
MAX_LOG_LINE, MAX_LOG_TRACEBACK = 1000, 4000
# attempts of a job whose log is kept; a job that is snoozed again and again has any number of them
LOGGED_ATTEMPTS = 20
MAX_BULK_SUBMIT = 10_000
# jobs that one job depends on
MAX_PARENTS = 10_000
# dead letters that one call retries or discards
MAX_BULK_CHANGE = 10_000

DEFAULTS = {
	# at most one write and one event about a running job in this time
	"progress_interval_seconds": 1.0,
	# how often a running job looks whether it was canceled
	"supervision_interval_seconds": 1.0,
	# how long a handler that swallows its timeout may go on
	"timeout_grace_seconds": 10,
	# what a horse needs to begin and to end, within the time that RQ gives it
	"wake_up_spare_seconds": 20,
	# how often a running job shows that it is alive, and for how long that is believed
	"heartbeat_interval_seconds": 20,
	"heartbeat_lifetime_seconds": 90,
	# how old a Queued or Running job must be before it is compared with RQ: its push may be on its way
	"recovery_age_seconds": 5,
	# how long what follows from the end of a job may wait for what follows from others
	"errands_interval_seconds": 0.3,
	# how long a draining horse keeps RQ jobs of others waiting
	"drain_slice_seconds": 1.0,
	# how long a horse with nothing to do waits for another job, while nobody else waits for its worker
	"drain_linger_seconds": 2.0,
	# jobs that one organization hands over in its turn
	"dispatch_turn": 10,
	# rows that one step of the cron or of a cleanup touches
	"batch_size": 500,
	# days for which the sums of each hour are kept
	"tally_days": 7,
	# whether each committed transition is a line in logs/dartwing.jobs.log
	"log_transitions": 1,
	# how long a job that could run may wait before the doctor warns
	"waiting_warning_seconds": 300,
}


def get(name: str) -> float:
	"""The site's value of a default; raises KeyError for a name that is none."""
	return frappe.conf.get(f"dartwing_{name}", DEFAULTS[name])

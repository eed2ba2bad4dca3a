"""The one list of this app's DocTypes: who may see their rows, and what nobody may ask of them.

Every door that knows DocTypes by name takes them from here, so that none lacks one. A DocType that is new is
named here, or a test fails.
"""

from typing import NamedTuple

# who may see a row, and that there is one of its name
MEMBERS = "members of its organization"
MANAGERS = "System Managers"
# as far as the roles go
EVERYBODY = "everybody"


class OwnDocType(NamedTuple):
	seen_by: str
	# fields that no list shows and nobody asks for, whatever their role: who guesses right would know them
	secrets: tuple[str, ...] = ()
	# those of them that are in no document either, and their permission level, which no role has
	shown_to_nobody: tuple[str, ...] = ()
	secret_level: int | None = None
	# whether rows keep their names: what runs, waits or is told elsewhere knows them by these
	keeps_names: bool = True


# parameters, and what is counted from them: without a key, so that a short one could be found by trying
OF_A_JOB = (
	"input_parameters",
	"job_hash",
	"deduplication_key",
	"idempotency_hash",
	"request_hash",
	"limit_key",
	"held_by",
	"dry_run_documents",
)
OF_A_SCHEDULE = ("parameters", "idempotency_hash", "request_hash")

OWN = {
	"Background Job": OwnDocType(
		MEMBERS,
		# a document shows the checkpoint to admins, with dots for the values of masked parameters
		(*OF_A_JOB, "checkpoint"),
		shown_to_nobody=OF_A_JOB,
		secret_level=2,
	),
	"Job Execution Log": OwnDocType(MEMBERS),
	"Job Group": OwnDocType(MEMBERS),
	"Job Schedule": OwnDocType(
		MEMBERS,
		OF_A_SCHEDULE,
		shown_to_nobody=OF_A_SCHEDULE,
		secret_level=1,
	),
	"Organization": OwnDocType(MEMBERS, keeps_names=False),
	"Org Member": OwnDocType(MEMBERS, keeps_names=False),
	"Person": OwnDocType(MEMBERS, keeps_names=False),
	"Job Dependency": OwnDocType(MANAGERS),
	"Job Log Part": OwnDocType(MANAGERS),
	"Job Start": OwnDocType(MANAGERS, ("scope_key",), shown_to_nobody=("scope_key",), secret_level=1),
	"Job Step": OwnDocType(
		MANAGERS, ("result", "last_key"), shown_to_nobody=("result", "last_key"), secret_level=1
	),
	"Job Schedule Slot": OwnDocType(MANAGERS),
	"Job Tally": OwnDocType(MANAGERS),
	"Job Type": OwnDocType(EVERYBODY, keeps_names=False),
	# a single document, whose name everybody knows
	"Job Engine Settings": OwnDocType(EVERYBODY, keeps_names=False),
}

OF_MEMBERS = tuple(doctype for doctype, own in OWN.items() if own.seen_by == MEMBERS)
OF_MANAGERS = tuple(doctype for doctype, own in OWN.items() if own.seen_by == MANAGERS)
# of which a row that somebody may not see does not exist to them
GUARDED = (*OF_MEMBERS, *OF_MANAGERS)

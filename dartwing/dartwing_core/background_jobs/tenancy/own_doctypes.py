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
	# those of them that are in documents, where the controller puts dots for the values of masked parameters
	in_documents: tuple[str, ...] = ()
	# the permission level of the others, which no role has
	secret_level: int | None = None
	# whether rows keep their names: what runs, waits or is told elsewhere knows them by these
	keeps_names: bool = True

	@property
	def shown_to_nobody(self) -> tuple[str, ...]:
		"""Those of the secrets that no role has the permission level of."""
		return tuple(field for field in self.secrets if field not in self.in_documents)


OWN = {
	"Background Job": OwnDocType(
		MEMBERS,
		# hashes are counted without a key: a short parameter would be found by trying
		(
			"input_parameters",
			"checkpoint",
			"job_hash",
			"deduplication_key",
			"idempotency_hash",
			"request_hash",
			"limit_key",
			"held_by",
			"dry_run_documents",
		),
		in_documents=("checkpoint",),
		secret_level=2,
	),
	"Job Execution Log": OwnDocType(MEMBERS),
	"Job Group": OwnDocType(MEMBERS),
	"Job Schedule": OwnDocType(
		MEMBERS,
		("parameters", "idempotency_hash", "request_hash"),
		secret_level=1,
	),
	"Organization": OwnDocType(MEMBERS, keeps_names=False),
	"Org Member": OwnDocType(MEMBERS, keeps_names=False),
	"Person": OwnDocType(MEMBERS, keeps_names=False),
	"Job Dependency": OwnDocType(MANAGERS),
	"Job Log Part": OwnDocType(MANAGERS),
	"Job Start": OwnDocType(MANAGERS, ("scope_key",), secret_level=1),
	"Job Step": OwnDocType(MANAGERS, ("result", "last_key"), secret_level=1),
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

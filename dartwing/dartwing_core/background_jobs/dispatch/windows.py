"""Windows: how many jobs of one organization may be Queued or Running at the same time.

Rows count as they are now, also those of transactions that are still open.
"""

from typing import NamedTuple

from dartwing.dartwing_core.background_jobs.database.looks import Look, own_or_default, own_value
from dartwing.dartwing_core.doctype.background_job.background_job import ACTIVE
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

OWN_SIZE = own_value("job_window")
SLOTS_IN_USE = "select count(*) from `tabBackground Job` where organization = %s and status in %s"


class Window(NamedTuple):
	"""How many slots there are, and how many of them are in use."""

	size: int
	used: int

	@property
	def free(self) -> int:
		return max(0, self.size - self.used)


def default_size() -> int:
	"""Call it outside `uncommitted_reads()`: inside, an uncommitted setting could be read, and cached."""
	return setting("organization_window")


def looks(organization: str, default_size: int) -> list[Look]:
	"""What to ask the database for a `Window`; the answers are its arguments."""
	return [
		own_or_default("job_window", organization, default_size),
		Look(f"({SLOTS_IN_USE})", (organization, ACTIVE)),
	]

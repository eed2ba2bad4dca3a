"""Windows: how many jobs of one organization may be Queued or Running at the same time.

What counts are the rows as they are now, those of transactions that are still open too.
"""

from typing import NamedTuple

from frappe.utils import now_datetime

from dartwing.dartwing_core.background_jobs.looks import Look
from dartwing.dartwing_core.doctype.background_job.background_job import ACTIVE, PRIORITIES
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import setting

# of the organization's row; never cached, because nothing would put right what an old transaction cached
OWN_SIZE = "if(override_job_window, job_window, null)"
SLOTS_IN_USE = "select count(*) from `tabBackground Job` where organization = %s and status in %s"
READY = "select 1 from `tabBackground Job` where organization = %s and priority in %s and ready_at <= %s"


class Window(NamedTuple):
	"""How many slots there are, how many of them are in use, and whether a job is ready to take one."""

	size: int
	used: int
	is_awaited: int

	@property
	def free(self) -> int:
		return max(0, self.size - self.used)


def default_size() -> int:
	"""Not to be asked among uncommitted reads: settings that are being saved would be read, and cached."""
	return setting("organization_window")


def looks(organization: str, default_size: int) -> list[Look]:
	"""The answers are those of a `Window`."""
	own_size = f"select {OWN_SIZE} from `tabOrganization` where name = %s"
	return [
		Look(f"coalesce(({own_size}), %s)", (organization, default_size)),
		Look(f"({SLOTS_IN_USE})", (organization, ACTIVE)),
		Look(f"exists ({READY})", (organization, PRIORITIES, now_datetime())),
	]

"""What follows when a site gets another time zone, as by Frappe's setup wizard.

Frappe keeps the times of its Scheduled Job Types as the site's clocks show them, and counts the next run from
them. After a change of the zone they may lie hours in the future: until then there would be no tick.
"""

from datetime import timezone
from typing import Any
from zoneinfo import ZoneInfo

import frappe

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.database.snapshots import ignoring_snapshot

# of the Scheduled Job Types that Frappe makes of the app's hooks
SCHEDULED_METHODS = "dartwing.%"


def settings_saved(doc: Any, method: str | None = None) -> None:
	"""After the System Settings are saved."""
	let_ticks_go_on(ZoneInfo(doc.time_zone) if doc.time_zone else None)


def let_ticks_go_on(zone: ZoneInfo | None = None) -> None:
	"""Take times of the engine's Scheduled Job Types that are yet to come for now; `zone`: the site's."""
	utc = times.utc_now().replace(tzinfo=timezone.utc)
	now = utc.astimezone(zone or times.site_zone()).replace(tzinfo=None)
	frappe.db.sql(
		f"""{ignoring_snapshot()}update `tabScheduled Job Type`
		set creation = least(creation, %(now)s), last_execution = least(last_execution, %(now)s)
		where method like %(methods)s and greatest(creation, ifnull(last_execution, creation)) > %(now)s""",
		{"now": now, "methods": SCHEDULED_METHODS},
	)

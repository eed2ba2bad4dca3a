from collections.abc import Callable
from datetime import timedelta
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import cint, get_datetime

from dartwing.dartwing_core.background_jobs.database import times
from dartwing.dartwing_core.background_jobs.errors import refuse_beyond

MIGRATION_LIFETIME = timedelta(hours=1)
QUEUES = ("short", "default", "long")


DAY_SECONDS = 24 * 60 * 60
# what is added to times, or taken from them, until there is no such date
MOST = {
	"idempotency_hours": 366 * 24,
	"drain_budget_seconds": DAY_SECONDS,
	"cancel_grace_period": DAY_SECONDS,
	"retention_days": 100 * 366,
}


class JobEngineSettings(Document):
	# begin: auto-generated types
	# This code is auto-generated. Do not modify anything in this block.

	from typing import TYPE_CHECKING

	if TYPE_CHECKING:
		from frappe.types import DF

		cancel_grace_period: DF.Int
		dead_letter_alert_sent: DF.Check
		dead_letter_alert_threshold: DF.Int
		drain_budget_jobs: DF.Int
		drain_budget_seconds: DF.Int
		idempotency_hours: DF.Int
		masked_parameters: DF.SmallText | None
		metrics_by_organization: DF.Check
		migrating_since: DF.Datetime | None
		organization_window: DF.Int
		pause_default: DF.Check
		pause_long: DF.Check
		pause_short: DF.Check
		paused: DF.Check
		poison_pill_limit: DF.Int
		queue_limit: DF.Int
		retention_days: DF.Int
		told_of_ends: DF.Data | None
	# end: auto-generated types

	def validate(self) -> None:
		refuse_beyond(self, MOST)


def setting(name: str) -> Any:
	"""A value of the settings; installing and migrating store the defaults, so that 0 is a value."""
	return frappe.get_cached_doc("Job Engine Settings").get(name)


def look_again() -> None:
	"""Have this process read the settings anew: they may have changed since it did."""
	frappe.clear_document_cache("Job Engine Settings", "Job Engine Settings")


def is_held(value_of: Callable[[str], Any] = setting) -> bool:
	"""Whether nothing may start on this site: paused, or a migration is under way.

	`value_of` answers with a value of the settings, as this process remembers them or as they are now.
	"""
	return bool(cint(value_of("paused")) or is_in_maintenance(value_of))


def is_in_maintenance(value_of: Callable[[str], Any] = setting) -> bool:
	"""Whether the site is in maintenance mode, or a migration is under way."""
	return bool(frappe.conf.get("maintenance_mode") or is_migrating(value_of("migrating_since")))


def is_migrating(since: Any) -> bool:
	"""Whether a migration began and did not end; one that died is forgotten after an hour."""
	return bool(since) and get_datetime(since) > times.site_now() - MIGRATION_LIFETIME


def paused_queues(value_of: Callable[[str], Any] = setting) -> set[str]:
	return {queue for queue in QUEUES if cint(value_of(f"pause_{queue}"))}

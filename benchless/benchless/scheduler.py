"""The scheduler process: Frappe's loop over the sites of this bench, until it is told to stop."""

from contextlib import suppress

from frappe.utils import scheduler


def run() -> None:
	with suppress(KeyboardInterrupt):
		scheduler.start_scheduler()

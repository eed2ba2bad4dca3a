"""Events of a calendar, and of the mail about today's: those about documents that may be seen.

Frappe lists them by a statement of its own, without the conditions of lists.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import frappe

from dartwing.dartwing_core.api.replaced import replace
from dartwing.dartwing_core.background_jobs.tenancy.references import shown_among


def shown_events(
	of_frappe: Callable[..., list], start: Any, end: Any, user: str | None = None, *more: Any, **named: Any
) -> list:
	"""Those that both whoever asks and the user for whom they are asked may see."""
	found = of_frappe(start, end, user, *more, **named)
	names = [str(row.name) for row in found]
	for one in {frappe.session.user, user or frappe.session.user}:
		names = [*shown_among("Event", names, one)]
	return [row for row in found if str(row.name) in names]


def change_events(module: ModuleType) -> None:
	replace(module, "get_events", shown_events)


CHANGES = {"frappe.desk.doctype.event.event": change_events}

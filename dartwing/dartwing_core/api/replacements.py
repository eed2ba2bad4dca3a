"""All functions of Frappe and its libraries that this app replaces, and when it sees to it."""

from typing import Any

from dartwing.dartwing_core.api import (
	about_oneself,
	calendars,
	imported_cells,
	link_titles,
	log_rows,
	named_in_texts,
	shown_to_nobody,
)
from dartwing.dartwing_core.api.replaced import Changes, watch

CHANGES: Changes = {
	**about_oneself.CHANGES,
	**calendars.CHANGES,
	**imported_cells.CHANGES,
	**link_titles.CHANGES,
	**log_rows.CHANGES,
	**named_in_texts.CHANGES,
	**shown_to_nobody.CHANGES,
}


def guard(*_arguments: Any, **_named: Any) -> None:
	"""Before a request, and before each background job of the site: have them replaced."""
	watch(CHANGES)

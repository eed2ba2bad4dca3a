"""What the attempts of a job have logged: pages of lines, oldest first."""

import json
import re
from typing import Any

import frappe
from frappe import _

from dartwing.dartwing_core.background_jobs.errors import refuse_argument
from dartwing.dartwing_core.background_jobs.tenancy import access

MAX_LINES = 1000
# rows that one page reads; each has at least one line
MAX_PARTS = 40
CURSOR = re.compile(r"([0-9]{1,9}):([0-9]{1,9})")


def get_job_log(
	job_id: str, attempt: int | None = None, after: str | None = None, limit: int = 200
) -> dict[str, Any]:
	"""`{job_id, lines: [{attempt, line, at, level, text, missing}], after, has_more}`, oldest first.

	Lines of an attempt are counted from 1; `missing` says how many before this one are not kept. `after` is
	the place behind the last line: what it was given as shows the lines that follow. A page has at most
	`limit` lines, 1 to 1000, or fewer, also when there are more.
	Raises DoesNotExistError as `get_job_status` does, ValidationError that names a wrong argument.
	"""
	name = access.check_visible(job_id).name
	if not 1 <= limit <= MAX_LINES:
		refuse_argument("limit", _("{0} is not between 1 and {1}").format(limit, MAX_LINES))
	if attempt is not None and attempt < 1:
		refuse_argument("attempt", _("{0} is not at least 1").format(attempt))
	place = _place(after) if after else (0, 0)
	rows = _parts(name, attempt, place)
	behind = [line for row in rows for line in _lines(row) if (row.attempt, line["line"]) > place]
	lines = behind[:limit]
	_count_missing(lines, place)
	if lines:
		place = lines[-1]["attempt"], lines[-1]["line"]
	return {
		"job_id": name,
		"lines": lines,
		"after": f"{place[0]}:{place[1]}" if any(place) else None,
		"has_more": len(behind) > limit or len(rows) == MAX_PARTS,
	}


def _place(after: str) -> tuple[int, int]:
	found = CURSOR.fullmatch(after)
	if not found:
		refuse_argument("after", _("must be what an answer has as `after`, not {0}").format(repr(after)))
	return int(found[1]), int(found[2])


def _parts(job_id: str, attempt: int | None, place: tuple[int, int]) -> list[frappe._dict]:
	condition = "" if attempt is None else "and attempt = %(attempt)s"
	return frappe.db.sql(
		f"""select attempt, kept_lines from `tabJob Log Part`
		where background_job = %(job_id)s and attempt >= %(after_attempt)s
			and (attempt > %(after_attempt)s or last_line > %(after_line)s) {condition}
		order by attempt, last_line limit %(limit)s""",
		{
			"job_id": job_id,
			"attempt": attempt,
			"after_attempt": place[0],
			"after_line": place[1],
			"limit": MAX_PARTS,
		},
		as_dict=True,
	)


def _lines(part: frappe._dict) -> list[dict[str, Any]]:
	return [
		{"attempt": part.attempt, "line": number, "at": at, "level": level, "text": text}
		for number, at, level, text in json.loads(part.kept_lines)
	]


def _count_missing(lines: list[dict[str, Any]], place: tuple[int, int]) -> None:
	for line in lines:
		before = place[1] if line["attempt"] == place[0] else 0
		line["missing"] = line["line"] - before - 1
		place = line["attempt"], line["line"]

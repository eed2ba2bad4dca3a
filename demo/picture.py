"""A picture of a run for the README: the table in mid-run and the summary, as SVG."""

import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group
from rich.text import Text

from demo.checks import Check
from demo.files import Written
from demo.jobs import Job
from demo.processes import CHECKOUT
from demo.summary import print_summary
from demo.view import progress_table

WIDTH = 124


class Picture:
	"""Keeps the tables of a run, and which of them is of the moment when half of the jobs have ended."""

	def __init__(self) -> None:
		# with the time of each
		self.tables: list[tuple[float, Group]] = []
		self._table: Group | None = None

	def show(self, jobs: list[Job]) -> None:
		table = progress_table(jobs, WIDTH)
		self.tables.append((time.monotonic(), table))
		if sum(job.has_ended for job in jobs) <= len(jobs) // 2:
			self._table = table

	def save(self, path: Path, jobs: list[Job], files: list[Written], checks: list[Check]) -> None:
		console = recording()
		console.print(Text("While it runs", style="bold"))
		console.print(self._table)
		print_summary(console, jobs, files, checks, root=CHECKOUT)
		path.parent.mkdir(parents=True, exist_ok=True)
		path.write_text(drawn(console))


def drawn_tables(picture: Picture) -> Iterator[tuple[float, str]]:
	"""The time and the drawing of each table of a run."""
	for at, table in picture.tables:
		console = recording()
		console.print(table)
		yield at, drawn(console)


def recording() -> Console:
	return Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)


def drawn(console: Console) -> str:
	return without_fonts(console.export_svg(title="make demo", unique_id="demo")) + "\n"


def without_fonts(svg: str) -> str:
	"""Without the web fonts that rich refers to: a picture should load nothing."""
	return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)

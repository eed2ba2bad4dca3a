"""A picture of a run for the README: the table in mid-run and the summary, as SVG."""

import io
import re
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
	"""Keeps the table of the moment when half of the jobs have ended."""

	def __init__(self) -> None:
		self._table: Group | None = None

	def show(self, jobs: list[Job]) -> None:
		if sum(job.has_ended for job in jobs) <= len(jobs) // 2:
			self._table = progress_table(jobs, WIDTH)

	def save(self, path: Path, jobs: list[Job], files: list[Written], checks: list[Check]) -> None:
		console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
		console.print(Text("While it runs", style="bold"))
		console.print(self._table)
		print_summary(console, jobs, files, checks, root=CHECKOUT)
		path.parent.mkdir(parents=True, exist_ok=True)
		path.write_text(without_fonts(console.export_svg(title="make demo", unique_id="demo")) + "\n")


def without_fonts(svg: str) -> str:
	"""Without the web fonts that rich refers to: a picture should load nothing."""
	return re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)

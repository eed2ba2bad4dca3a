"""What can be seen while the jobs run: a live table in a terminal, else a line for each change."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.jobs import Job
from demo.signals import signals_held

STYLES = {
	"Pending": "dim",
	"Queued": "yellow",
	"Running": "bold cyan",
	"Completed": "green",
	"Failed": "magenta",
	"Timed Out": "magenta",
	"Dead Letter": "red",
	"Canceled": "dim",
}
# name → width; fixed, so that nothing jumps while numbers grow
COLUMNS = {
	"Job": 14,
	"What": 16,
	"Organization": 16,
	"Priority": 8,
	"Status": 11,
	"Progress": 10,
	"": 19,
	"Waited": 6,
	"Ran": 6,
}
# all of it fits from here on, and without these two into 80 columns
WIDE = sum(COLUMNS.values()) + len(COLUMNS)
ONLY_WIDE = ("Job", "")


class LiveView:
	"""A table that changes in place; rich puts the terminal back however it ends."""

	def __init__(self, console: Console):
		self._live = Live(console=console, refresh_per_second=8)

	def __enter__(self) -> "LiveView":
		with signals_held():
			self._live.start()
		return self

	def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
		with signals_held():
			self._live.stop()

	def show(self, jobs: list[Job]) -> None:
		self._live.update(progress_table(jobs, self._live.console.width))


class LineView:
	"""For pipes and CI: one line for each change of a status or of a progress message."""

	def __init__(self, console: Console):
		self._console = console
		self._shown: dict[str, tuple] = {}

	def __enter__(self) -> "LineView":
		return self

	def __exit__(self, *_: object) -> None:
		pass

	def show(self, jobs: list[Job]) -> None:
		for job in jobs:
			change = (job.status, job.state["progress_message"])
			if self._shown.get(job.job_id) != change:
				self._shown[job.job_id] = change
				self._console.print(line_of(job), soft_wrap=True)


def view_for(console: Console) -> LiveView | LineView:
	return LiveView(console) if console.is_terminal and not console.is_dumb_terminal else LineView(console)


def line_of(job: Job) -> Text:
	details = [f"{job.plan.job_type}: {job.plan.title}", job.plan.organization.name, job.state["priority"]]
	if job.is_running and job.state["progress_message"]:
		details.append(f"{job.state['progress']:.0f} %: {job.state['progress_message']}")
	if job.has_ended:
		details.append(f"waited {seconds(job.waited_seconds)}, ran {seconds(job.ran_seconds)}")
	return Text.assemble(
		f"{job.job_id}  ", (f"{job.status:<11}", STYLES[job.status]), f"  {' · '.join(details)}"
	)


def progress_table(jobs: list[Job], width: int) -> Group:
	"""The jobs as they are now; later changes of the jobs do not change it."""
	table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
	columns = COLUMNS if width >= WIDE else [column for column in COLUMNS if column not in ONLY_WIDE]
	for name in columns:
		right = "right" if name in ("Waited", "Ran") else "left"
		table.add_column(name, no_wrap=True, overflow="ellipsis", justify=right, width=COLUMNS[name])
	for job in jobs:
		cells = cells_of(job)
		table.add_row(*(cells[name] for name in columns))
	return Group(table, Text(caption(jobs), style="dim"))


def cells_of(job: Job) -> dict[str, str | Text | ProgressBar]:
	progress = job.state["progress"] or 0
	return {
		"Job": job.job_id,
		"What": job.plan.title,
		"Organization": job.plan.organization.name,
		"Priority": job.state["priority"],
		"Status": Text(job.status, style=STYLES[job.status]),
		"Progress": ProgressBar(completed=progress, width=COLUMNS["Progress"], finished_style="green"),
		"": Text(job.state["progress_message"] or "", style="dim"),
		"Waited": seconds(job.waited_seconds),
		"Ran": seconds(job.ran_seconds),
	}


def caption(jobs: list[Job]) -> str:
	running, ended = sum(job.is_running for job in jobs), sum(job.has_ended for job in jobs)
	return f"{len(jobs) - running - ended} waiting, {running} running, {ended} ended"


def seconds(value: float | None) -> str:
	return "" if value is None else f"{value:.1f} s"

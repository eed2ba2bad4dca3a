"""What can be seen while the jobs run: a live table in a terminal, else a line for each change."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from demo.jobs import Job

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
BAR_WIDTH = 16


class LiveView:
	"""A table that changes in place; rich puts the terminal back however it ends."""

	def __init__(self, console: Console):
		self._live = Live(console=console, refresh_per_second=8)

	def __enter__(self) -> "LiveView":
		self._live.start()
		return self

	def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
		self._live.stop()

	def show(self, jobs: list[Job]) -> None:
		self._live.update(progress_table(jobs))


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


def progress_table(jobs: list[Job]) -> Group:
	"""The jobs as they are now; later changes of the jobs do not change it."""
	table = Table(box=None, pad_edge=False, header_style="dim")
	for name in ("Job", "What", "Organization", "Priority", "Status", "Progress", ""):
		table.add_column(name, no_wrap=True, overflow="ellipsis")
	for name in ("Waited", "Ran"):
		table.add_column(name, no_wrap=True, justify="right", min_width=6)
	for job in jobs:
		table.add_row(*row_of(job))
	return Group(table, Text(caption(jobs), style="dim"))


def row_of(job: Job) -> list[str | Text | ProgressBar]:
	style = STYLES[job.status]
	return [
		job.job_id,
		job.plan.title,
		job.plan.organization.name,
		job.state["priority"],
		Text(job.status, style=style),
		ProgressBar(completed=job.state["progress"] or 0, width=BAR_WIDTH, finished_style="green"),
		Text(job.state["progress_message"] or "", style="dim"),
		seconds(job.waited_seconds),
		seconds(job.ran_seconds),
	]


def caption(jobs: list[Job]) -> str:
	running, ended = sum(job.is_running for job in jobs), sum(job.has_ended for job in jobs)
	return f"{len(jobs) - running - ended} waiting, {running} running, {ended} ended"


def seconds(value: float | None) -> str:
	return "" if value is None else f"{value:.1f} s"

"""What is left to read at the end: jobs, files, the dead letter, a history, and where to look further."""

import json
import shlex
from math import ceil
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.checks import Check
from demo.files import Written
from demo.jobs import Job, parse
from demo.processes import CHECKOUT
from demo.scenario import ALPINE, PASSWORD, SITE
from demo.view import cells_of

# name → least width
COLUMNS = {
	"Job": 14,
	"Type": 11,
	"Organization": 16,
	"Priority": 8,
	"Status": 11,
	"Waited": 6,
	"Ran": 6,
	"Result": 20,
}
WIDE = sum(COLUMNS.values()) + len(COLUMNS)
ONLY_WIDE = ("Organization", "Priority")


def print_summary(
	console: Console, jobs: list[Job], files: list[Written], checks: list[Check], root: Path | None = None
) -> None:
	"""`root` is the folder that file paths are shown below; they are absolute without it."""
	heading(console, "Jobs")
	console.print(jobs_table(jobs, console.width))
	heading(console, "Files")
	for file in files:
		path = file.path.relative_to(root) if root else file.path
		mark = "[green]✓[/]" if file.is_whole else "[red]✗[/]"
		console.print(
			f"{mark} {file.rows:>6,} {file.unit:<5} {ceil(file.size / 1024):>7,} KiB  {path}",
			soft_wrap=True,
			highlight=False,
		)
	for job in jobs:
		if job.status == "Dead Letter":
			print_dead_letter(console, job)
	heading(console, "Checks")
	for check in checks:
		console.print("[green]✓[/]" if check.holds else "[red]✗[/]", check.says, highlight=False)


def heading(console: Console, text: str) -> None:
	console.print()
	console.print(text, style="bold", highlight=False)


def jobs_table(jobs: list[Job], width: int) -> Table:
	"""All columns where they leave room for the result; a narrow terminal has the rest in the view above."""
	table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
	columns = COLUMNS if width >= WIDE else [column for column in COLUMNS if column not in ONLY_WIDE]
	for name in columns:
		right = "right" if name in ("Waited", "Ran") else "left"
		table.add_column(name, no_wrap=True, overflow="ellipsis", justify=right, min_width=COLUMNS[name])
	for job in jobs:
		cells = {
			**cells_of(job),
			"Type": job.plan.job_type,
			"Result": Text(result_of(job), overflow="ellipsis"),
		}
		table.add_row(*(cells[name] for name in columns))
	return table


def result_of(job: Job) -> str:
	result = job.state["result"]
	if job.state["error_message"]:
		return job.state["error_message"]
	if job.plan.is_export and result:
		return f"{result['rows']:,} rows, {result['file_format']}"
	return json.dumps(result) if result else ""


def print_dead_letter(console: Console, job: Job) -> None:
	"""Why it is there, and how it got there: the history that every job has."""
	heading(console, f"Dead letter {job.job_id}")
	console.print(f"{job.state['error_type']} error: {job.state['error_message']}", highlight=False)
	for entry in job.history:
		time = parse(entry["timestamp"]).strftime("%H:%M:%S.%f")[:-3]
		step = f"{entry['from_status'] or 'new'} → {entry['to_status']}"
		who = f"{entry['actor'] or ''}: {entry['message'] or ''}".rstrip(": ")
		console.print(Text(f"  {time} UTC  {step:<22} {who}"), overflow="ellipsis", no_wrap=True)


def print_commands(console: Console, home: Path, url: str) -> None:
	"""Commands to paste at the root of the repo."""
	heading(console, f"Look further (from {CHECKOUT})")
	folder = home.relative_to(CHECKOUT) if home.is_relative_to(CHECKOUT) else home
	benchless = f".benchless/venv/bin/benchless --home {shlex.quote(str(folder))} --site {SITE}"
	cookies = shlex.quote(str(folder / "cookies.txt"))
	login = (
		f"curl -sS -o /dev/null -c {cookies} -d usr={ALPINE.admin} -d pwd={PASSWORD} {url}/api/method/login"
	)
	jobs = f"curl -sS -b {cookies} '{url}/api/method/dartwing.dartwing_core.api.jobs.list_jobs?limit=3'"
	for what, command in (
		("a Python console on the site", f"{benchless} console"),
		("the web server (Ctrl-C ends it)", f"{benchless} serve"),
		("a worker (Ctrl-C ends it)", f"{benchless} worker --queue short,default,long"),
		("the latest jobs, while the web server runs", f"{login} && {jobs}"),
		("the logs of this run", f"ls {shlex.quote(str(folder / 'logs'))}/demo-*.log"),
		("stop the services that these commands start", f"{benchless} stop"),
	):
		console.print(Text(f"# {what}", style="dim"))
		console.print(Text(command), soft_wrap=True)


def print_page(console: Console, url: str, is_up: bool) -> None:
	"""Where members look at their jobs, and who can log in."""
	heading(console, "The members' page")
	console.print(Text(f"{url}/jobs"), soft_wrap=True)
	console.print(Text(f"log in as {ALPINE.admin} or {ALPINE.user}, password {PASSWORD}"), soft_wrap=True)
	end = "Ctrl-C stops everything" if is_up else "make demo SERVE=1 keeps it up"
	console.print(Text(end, style="dim"))

"""What is left to read at the end: jobs, files, the dead letter, a history, and where to look further."""

import json
import shlex
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.checks import Check
from demo.files import Written
from demo.jobs import Job, parse
from demo.processes import CHECKOUT
from demo.scenario import ALPINE, PASSWORD, SITE
from demo.view import STYLES, seconds


def print_summary(
	console: Console, jobs: list[Job], files: list[Written], checks: list[Check], root: Path | None = None
) -> None:
	"""`root` is the folder that file paths are shown below; they are absolute without it."""
	heading(console, "Jobs")
	console.print(jobs_table(jobs))
	heading(console, "Files")
	for file in files:
		path = file.path.relative_to(root) if root else file.path
		mark = "[green]✓[/]" if file.is_whole else "[red]✗[/]"
		console.print(
			f"{mark} {file.rows:>6,} rows {file.size / 1024:>7,.0f} KiB  {path}",
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
	console.print(text, style="bold")


def jobs_table(jobs: list[Job]) -> Table:
	table = Table(box=None, pad_edge=False, header_style="dim")
	for name in ("Job", "Type", "Organization", "Priority", "Status"):
		table.add_column(name, no_wrap=True)
	for name in ("Waited", "Ran"):
		table.add_column(name, no_wrap=True, justify="right", min_width=6)
	table.add_column("Result", overflow="ellipsis", no_wrap=True)
	for job in jobs:
		table.add_row(
			job.job_id,
			job.plan.job_type,
			job.plan.organization.name,
			job.state["priority"],
			Text(job.status, style=STYLES[job.status]),
			seconds(job.waited_seconds),
			seconds(job.ran_seconds),
			Text(result_of(job)),
		)
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

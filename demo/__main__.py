"""Run the demo: `python -m demo`, or `make demo` which also installs what it needs."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from demo.checks import all_checks
from demo.client import Client
from demo.errors import DemoError, Interrupted
from demo.files import written_files
from demo.jobs import Job, follow, submit_all
from demo.picture import Picture
from demo.processes import CHECKOUT, Benchless
from demo.scans import merged_files, submit_scans
from demo.scenario import ORGANIZATIONS, PASSWORD, PLANS, SCANS, SITE
from demo.setup import Stage, alone, phase
from demo.signals import stop_on_signals
from demo.summary import print_commands, print_page, print_summary
from demo.view import view_for

WORKERS = 2
PIPE_WIDTH = 140


WhileUp = Callable[[Stage, dict[str, Client], Picture], None]


def main(while_up: WhileUp | None = None) -> int:
	"""Run the demo; `while_up` is called before it ends, with all that is up and a picture of the run."""
	options = parse_options()
	console = make_console()
	stop_on_signals()
	try:
		with alone(options.home):
			return run(Benchless(options.home, SITE), console, options, while_up)
	except DemoError as error:
		console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
		return 1
	except Interrupted as interruption:
		console.print("Stopped; nothing was left running.")
		return interruption.exit_code


def parse_options() -> argparse.Namespace:
	parser = argparse.ArgumentParser(prog="demo", description=sys.modules["demo"].__doc__)
	home = os.environ.get("BENCHLESS_HOME") or CHECKOUT / ".benchless" / "demo"
	parser.add_argument("--home", type=Path, default=home, help="folder of the demo (BENCHLESS_HOME)")
	parser.add_argument("--serve", action="store_true", help="keep the site and its workers up until Ctrl-C")
	parser.add_argument("--svg", type=Path, help="write a picture of the run to this file")
	options = parser.parse_args()
	options.home = Path(options.home).resolve()
	return options


def make_console() -> Console:
	sys.stdout.reconfigure(errors="replace")
	# what reads a pipe has no width of its own
	return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def run(bench: Benchless, console: Console, options: argparse.Namespace, while_up: WhileUp | None) -> int:
	stage, picture = Stage(bench, console), Picture()
	try:
		stage.enter()
		clients = log_in(stage.url)
		jobs = run_jobs(stage, clients, console, picture)
		site = bench.sites / SITE
		files = [*written_files(jobs, site, stage.people), *merged_files(jobs, site)]
		checks = all_checks(jobs, files, clients)
		if while_up:
			while_up(stage, clients, picture)
		if options.serve:
			print_summary(console, jobs, files, checks)
			print_page(console, stage.url, is_up=True)
			stage.stay_up()
	finally:
		stage.leave()
	if not options.serve:
		print_summary(console, jobs, files, checks)
		print_commands(console, bench.home, stage.url)
		print_page(console, stage.url, is_up=False)
	if options.svg:
		picture.save(options.svg, jobs, files, checks)
	return 0 if all(check.holds for check in checks) else 1


def run_jobs(stage: Stage, clients: dict[str, Client], console: Console, picture: Picture) -> list[Job]:
	"""Submit all jobs while there is no worker, so that priority decides what comes first; then work."""
	with phase(console, "submit") as current:
		jobs = [*submit_all(clients), *submit_scans(clients)]
		current.outcome = (
			f"{len(PLANS)} jobs and {len(SCANS)} flows by members over HTTP; "
			f"now a clock and {WORKERS} workers start"
		)
	with view_for(console) as view:

		def show(jobs: list[Job]) -> None:
			view.show(jobs)
			picture.show(jobs)

		show(jobs)
		stage.start_clock()
		stage.start_workers(WORKERS)
		follow(jobs, show, stage.bench.refuse_dead)
	return jobs


def log_in(url: str) -> dict[str, Client]:
	members = [member for one in ORGANIZATIONS for member in (one.user, one.admin)]
	return {member: Client(url, member, PASSWORD) for member in members}


if __name__ == "__main__":
	sys.exit(main())

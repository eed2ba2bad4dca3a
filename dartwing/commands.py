"""Imported by `bench` before it runs any command: cheap to import."""

import click

from dartwing.warm_start import load_in_a_worker


@click.command("dartwing-clock")
@click.pass_context
def dartwing_clock(context: click.Context) -> None:
	"""Start what is due within a second: for the site of --site, or for all sites of the bench."""
	from dartwing.dartwing_core.background_jobs.clock.clock import run

	# not Frappe's list of sites, which is the default site when no --site is given
	site = context.parent.params.get("site") if context.parent else None
	run(None if not site or site == "all" else [site])


commands = [dartwing_clock]

load_in_a_worker()

"""What bench imports before it runs a command."""

from commands import run_to_end
from runtimes.base import Runtime

CLOCK = "dartwing.dartwing_core.background_jobs.clock.clock"
ENGINE = "dartwing.dartwing_core.background_jobs.executor"


def imported_by(runtime: Runtime, *arguments: str, **environment: str) -> set[str]:
	"""The modules that a command has imported when it ends."""
	verbose = {**runtime.environment, "PYTHONVERBOSE": "1", **environment}
	done = run_to_end(runtime.command(*arguments), cwd=runtime.folder, env=verbose, timeout=120)
	# import 'the.module' # <its loader>
	return {line.split("'")[1] for line in done.stderr.splitlines() if line.startswith("import '")}


def test_the_module_commands_of_every_app_is_imported_before_any_command(runtime, site):
	assert "dartwing.commands" in imported_by(runtime, "migrate", "--help")


def test_a_worker_has_imported_the_engine_before_it_forks(runtime, site):
	for worker in ("worker", "worker-pool"):
		assert ENGINE in imported_by(runtime, worker, "--help")


def test_other_commands_and_workers_that_are_told_so_do_not_import_it(runtime, site):
	assert ENGINE not in imported_by(runtime, "migrate", "--help")
	assert ENGINE not in imported_by(runtime, "worker", "--help", DARTWING_WARM_START="0")


def test_commands_of_an_app_are_offered_with_and_without_a_site(runtime, site):
	for arguments in (("dartwing-clock",), runtime.on_site("dartwing-clock")):
		assert "Start what is due" in runtime.run(*arguments, "--help")


def test_what_a_command_of_an_app_needs_is_imported_when_it_runs(runtime, site):
	assert CLOCK not in imported_by(runtime, "dartwing-clock", "--help")

"""The command line, as far as it needs no services."""

import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from benchless.cli import main, positional


@pytest.mark.parametrize(
	("text", "expected"),
	[(None, ()), ("[1, 'a']", [1, "a"]), ("(1,)", (1,)), ("word", ("word",)), ("5", (5,))],
)
def test_positional_arguments_are_literals_or_one_string(text, expected):
	assert positional(text) == expected


def test_a_folder_that_holds_something_else_is_refused_in_one_line(tmp_path):
	(tmp_path / "thesis.txt").write_text("precious")
	result = CliRunner().invoke(main, ["--home", str(tmp_path), "status"])
	assert result.exit_code == 1
	assert "not a benchless home" in result.output
	assert (tmp_path / "thesis.txt").exists()


def test_status_of_a_new_home_says_that_nothing_runs(tmp_path):
	result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "status"])
	assert result.exit_code == 1
	assert result.output.count("stopped") == 3


def test_run_tests_names_pytest(tmp_path):
	result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), "run-tests"])
	assert result.exit_code == 1
	assert "pytest" in result.output


def test_set_config_writes_and_removes_a_common_key(tmp_path):
	home = str(tmp_path / "home")
	command = ["--home", home, "set-config", "-g", "-p", "scheduler_tick_interval"]
	settings = tmp_path / "home" / "sites" / "common_site_config.json"
	assert CliRunner().invoke(main, [*command, "5"]).exit_code == 0
	assert '"scheduler_tick_interval": 5' in settings.read_text()
	assert CliRunner().invoke(main, [*command, "None"]).exit_code == 0
	assert "scheduler_tick_interval" not in settings.read_text()


WAITING = """
import asyncio
from benchless.processes import run_until_stopped
async def wait():
	print("waiting", flush=True)
	await asyncio.sleep(60)
run_until_stopped(wait(), parent={parent})
print("ended", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_coroutine_is_ended_by_a_signal(number):
	with start_waiting(os.getpid()) as process:
		process.send_signal(number)
		assert process.stdout.read() == "ended\n"
	assert process.returncode == 0


def test_a_coroutine_ends_with_the_process_that_started_it():
	with start_waiting(parent=-1) as process:
		started = time.monotonic()
		assert process.stdout.read() == "ended\n"
	assert time.monotonic() - started < 5


def start_waiting(parent: int) -> subprocess.Popen:
	process = subprocess.Popen(
		[sys.executable, "-c", WAITING.format(parent=parent)], stdout=subprocess.PIPE, text=True
	)
	assert process.stdout.readline() == "waiting\n"
	return process

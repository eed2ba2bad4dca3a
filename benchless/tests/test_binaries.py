"""The servers' programs: what counts is that they run, and a failure is shown whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchless import binaries
from benchless.errors import ServiceError
from benchless.home import Home
from benchless.processes import run
from benchless.services import Services

CHECKOUT = Path(__file__).resolve().parents[2]
MISSES_A_PIECE = "echo 'FATAL ERROR: Could not find /usr/bin/a_piece'; echo 'The latest information' >&2"
ALL = {program.name for program in binaries.PROGRAMS}


@pytest.fixture
def programs(tmp_path, monkeypatch) -> Path:
	"""The only folder in which programs are found; empty."""
	folder = tmp_path / "programs"
	folder.mkdir()
	monkeypatch.setattr(binaries, "SEARCH_PATH", str(folder))
	return folder


@pytest.fixture
def nobody(monkeypatch) -> None:
	"""Somebody who may not install packages."""
	monkeypatch.setattr(binaries, "can_install", lambda: False)


def write_program(folder: Path, name: str, code: str) -> None:
	(folder / name).write_text(f"#!/bin/sh\n{code}\n")
	(folder / name).chmod(0o755)


@pytest.mark.usefixtures("programs", "nobody")
def test_what_is_missing_is_named_with_the_packages_that_bring_it():
	with pytest.raises(ServiceError) as error:
		binaries.require(ALL)
	for expected in (*ALL, "mariadb-server-core", "mariadb-client-core", "redis-tools"):
		assert expected in str(error.value)


@pytest.mark.usefixtures("nobody")
def test_a_program_that_is_there_and_does_not_run_is_refused_with_all_that_it_wrote(programs):
	write_program(programs, "mariadb-install-db", f"{MISSES_A_PIECE}; exit 1")
	with pytest.raises(ServiceError) as error:
		binaries.require({"mariadb-install-db"})
	message = str(error.value)
	assert "`mariadb-install-db --no-defaults" in message
	assert "Could not find /usr/bin/a_piece" in message
	assert "The latest information" in message
	assert "apt-get install mariadb-client-core mariadb-server-core." in message


def test_what_a_program_misses_is_installed_and_the_program_tried_out_again(programs, monkeypatch):
	installed = []

	def install(packages: list[str]) -> None:
		installed.append(packages)
		write_program(programs, "mariadb-install-db", "exit 0")

	write_program(programs, "mariadb-install-db", f"{MISSES_A_PIECE}; exit 1")
	monkeypatch.setattr(binaries, "can_install", lambda: True)
	monkeypatch.setattr(binaries, "install", install)
	binaries.require({"mariadb-install-db"})
	binaries.require({"mariadb-install-db"})
	assert installed == [["mariadb-client-core", "mariadb-server-core"]]


def test_an_installation_that_fails_shows_its_command_and_its_whole_output(programs, monkeypatch):
	write_program(programs, "apt-get", "seq 1 2000; echo 'E: no such package' >&2; exit 100")
	monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
	with pytest.raises(ServiceError) as error:
		binaries.install(["a-package"])
	lines = str(error.value).splitlines()
	assert lines[0] == "`apt-get update` ended with 100:"
	assert lines[1:] == [*map(str, range(1, 2001)), "E: no such package"]


def test_a_database_is_made_with_a_temporary_folder_that_no_other_has(programs, tmp_path):
	used = tmp_path / "used"
	tell = f'for argument; do case $argument in --tmpdir=*) ls -d "${{argument#*=}}" >> {used};; esac; done'
	write_program(programs, "mariadb-install-db", tell)
	for name in ("one", "other"):
		binaries.make_database(tmp_path / name)
	folders = used.read_text().split()
	assert len(set(folders)) == 2
	assert not any(Path(folder).exists() for folder in folders)


def test_the_machines_own_programs_run():
	assert binaries.failures(ALL) == {}


def test_a_command_that_cannot_be_started_is_named(tmp_path):
	with pytest.raises(ServiceError, match="`no-such-program --now` could not be started"):
		run(["no-such-program", "--now"], executable=str(tmp_path / "no-such-program"))


def test_a_server_that_does_not_start_shows_its_command_and_all_that_it_wrote(tmp_path):
	service = Services(Home.open(tmp_path / "home")).all[1]
	service.folder.mkdir(parents=True)
	service.log_file.write_text("of a start before\n")
	service.arguments += ["--dir", str(tmp_path / "nowhere")]
	service.start(tmp_path / "settings")
	with pytest.raises(ServiceError) as error:
		service.wait_until_it_answers()
	message = str(error.value)
	assert "`redis-server --bind" in message
	assert "No such file or directory" in message
	assert "of a start before" not in message


# --- what `make test` says before it installs anything


def announce(*arguments: str, **environment: str) -> str:
	command = [sys.executable, CHECKOUT / "tests" / "announce.py", *arguments]
	environment = {"PYTHONPATH": str(CHECKOUT / "benchless"), **environment}
	done = subprocess.run(command, env=environment, capture_output=True, text=True)
	assert done.returncode == 0, done.stderr
	return done.stdout


def test_what_will_be_installed_is_said(tmp_path):
	said = announce(str(tmp_path), "--browser", PATH=str(tmp_path))
	assert f"with pip, into {tmp_path}" in said
	assert "chromium fonts-dejavu-core" in said
	assert "chromium" not in announce(str(tmp_path), PATH=str(tmp_path))


def test_nothing_is_said_when_nothing_is_missing(tmp_path):
	(tmp_path / ".ready").touch()
	write_program(tmp_path, "chromium", "exit 0")
	assert announce(str(tmp_path), "--browser", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}") == ""


def test_it_is_said_before_anything_is_done(tmp_path):
	command = ["make", "--dry-run", "test", f"HOME_FOLDER={tmp_path}"]
	done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
	assert done.returncode == 0, done.stderr
	steps = [done.stdout.index(step) for step in ("announce.py", "-m venv", "pip install", "-m pytest")]
	assert steps == sorted(steps)

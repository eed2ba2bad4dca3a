"""The demo as a user starts it: a process of its own, ended by itself or by Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from factories import wait_until

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 180


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
	return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture
def started(home: Path) -> Iterator[list[subprocess.Popen]]:
	"""Demos that the test started; one that still runs is ended."""
	demos: list[subprocess.Popen] = []
	yield demos
	for demo in demos:
		demo.send_signal(signal.SIGINT)
		demo.communicate(timeout=TIMEOUT_SECONDS)


def start_demo(
	started: list[subprocess.Popen],
	home: Path,
	output: int | None = None,
	*options: str,
	**environment: str,
) -> subprocess.Popen:
	demo = subprocess.Popen(
		[sys.executable, "-m", "demo", "--home", str(home), *options],
		cwd=CHECKOUT,
		env={**os.environ, **environment},
		stdin=subprocess.DEVNULL,
		stdout=output or subprocess.PIPE,
		stderr=subprocess.STDOUT,
		text=True,
		start_new_session=True,
	)
	started.append(demo)
	return demo


def processes_of(home: Path) -> list[str]:
	"""Command lines of what runs for the home, the demo itself and its servers included."""
	return [command for process in psutil.process_iter() if str(home) in (command := describe(process))]


def describe(process: psutil.Process) -> str:
	try:
		return f"{' '.join(process.cmdline())} {process.environ().get('BENCHLESS_HOME')}"
	except psutil.Error:
		return ""


def test_interrupted_while_jobs_run_leaves_no_process(started, home):
	log = home.parent / "interrupted.txt"
	with open(log, "w") as output:
		demo = start_demo(started, home, output.fileno())
	wait_until(lambda: "Running" in log.read_text() or demo.poll() is not None, "a running job", 120)

	demo.send_signal(signal.SIGINT)

	assert demo.wait(TIMEOUT_SECONDS) == 128 + signal.SIGINT, log.read_text()
	assert processes_of(home) == []


def test_all_jobs_end_as_planned_after_an_interrupted_run(started, home):
	demo = start_demo(started, home)
	output = demo.communicate(timeout=TIMEOUT_SECONDS)[0]

	assert demo.returncode == 0, output
	statuses = Counter(line.split("  ")[1].strip() for line in output.splitlines() if " ran " in line)
	assert statuses == {"Completed": 9, "Dead Letter": 1, "Failed": 1}
	assert "✓ 20,002 rows" in output
	assert "✓  5,002 rows" in output
	assert re.search(r"✓ +6 pages .*minutes.*\.txt", output)
	assert "page 2 has no text" in output
	assert processes_of(home) == []


def test_a_demo_that_serves_has_the_members_page_until_it_is_interrupted(started, home):
	demo = start_demo(started, home, None, "--serve")
	lines = iter(demo.stdout.readline, "")
	page = next(line.strip() for line in lines if line.strip().endswith("/jobs"))
	user, password = re.search(r"log in as (\S+) .*password (\S+)", next(lines)).groups()
	session = requests.Session()
	session.trust_env = False
	login = {"usr": user, "pwd": password}
	assert session.get(page, allow_redirects=False).headers["Location"] == "/login?redirect-to=/jobs"
	assert session.post(page.replace("/jobs", "/api/method/login"), data=login).status_code == 200
	text = session.get(page).text
	assert "Alpine Club" in text
	port = json.loads(re.search(r'id="boot">(.*?)</script>', text).group(1))["socketio_port"]
	socketio = f"{page.rpartition(':')[0]}:{port}/socket.io/?EIO=4&transport=polling"
	assert session.get(socketio).status_code == 200

	demo.send_signal(signal.SIGINT)

	assert demo.wait(TIMEOUT_SECONDS) == 0
	assert processes_of(home) == []


def test_a_second_demo_is_told_that_one_runs(started, home):
	first = start_demo(started, home)
	wait_until(lambda: processes_of(home) and home.with_name("home.lock").exists(), "the first demo", 30)
	first.stdout.readline()
	second = start_demo(started, home)
	output = second.communicate(timeout=TIMEOUT_SECONDS)[0]

	assert second.returncode == 1
	assert "Another demo runs in" in output


def test_a_folder_that_holds_something_else_is_left_alone(started, tmp_path):
	(tmp_path / "home").mkdir()
	(tmp_path / "home" / "thesis.txt").write_text("mine")
	demo = start_demo(started, tmp_path / "home")
	output = demo.communicate(timeout=TIMEOUT_SECONDS)[0]

	assert demo.returncode == 1
	assert "is not a benchless home and not empty" in output
	assert [path.name for path in tmp_path.rglob("*")] == ["home", "thesis.txt"]


def test_a_child_that_fails_is_shown_with_its_command_and_its_whole_output(started, tmp_path):
	programs = tmp_path / "programs"
	programs.mkdir()
	for name in ("mariadb-install-db", "apt-get"):
		(programs / name).write_text("#!/bin/sh\necho '[red]the reason'; echo 'and a last line'; exit 1\n")
		(programs / name).chmod(0o755)
	path = f"{programs}{os.pathsep}{os.environ['PATH']}"
	demo = start_demo(started, tmp_path / "home", PATH=path)
	output = demo.communicate(timeout=TIMEOUT_SECONDS)[0]

	assert demo.returncode == 1
	assert "-m benchless start` ended with 1:" in output
	assert "` ended with 1:\n[red]the reason\nand a last line\n" in output
	assert processes_of(tmp_path / "home") == []

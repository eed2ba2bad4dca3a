"""Commands of the tests: a failure shows the command and all that it wrote."""

import sys

import pytest
from commands import run_to_end

WRITES = "import sys, time; print('on stdout', flush=True); print('on stderr', file=sys.stderr, flush=True); "


def test_a_command_that_ends_well_is_answered_with_what_it_wrote():
	done = run_to_end([sys.executable, "-c", WRITES])
	assert (done.stdout, done.stderr) == ("on stdout\n", "on stderr\n")


@pytest.mark.parametrize(
	("code", "timeout", "expected"),
	[("sys.exit(3)", 60, "ended with 3"), ("time.sleep(600)", 2, "did not end in 2 s")],
)
def test_a_command_that_fails_is_shown_with_all_that_it_wrote(code, timeout, expected):
	with pytest.raises(AssertionError) as error:
		run_to_end([sys.executable, "-c", WRITES + code], timeout=timeout)
	for part in (sys.executable, code, expected, "on stdout", "on stderr"):
		assert part in str(error.value)


def test_a_command_that_cannot_be_started_is_named(tmp_path):
	with pytest.raises(AssertionError, match="`no-such-program now` could not be started"):
		run_to_end(["no-such-program", "now"], cwd=tmp_path)

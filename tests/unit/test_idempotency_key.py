"""What a job is called towards other systems."""

from datetime import datetime, timedelta

import pytest

from dartwing.dartwing_core.background_jobs.execution.context import key_of

SUBMITTED = datetime(2026, 11, 22, 10, 0, 0, 5)
KEY = key_of("a.example", "JOB-2026-00001", SUBMITTED)


def test_the_key_names_the_job_and_is_short_and_plain():
	assert KEY.startswith("JOB-2026-00001-")
	assert KEY.isascii()
	assert len(key_of("a" * 140, "JOB-2026-9999999999999", SUBMITTED)) <= 64


def test_the_key_of_a_job_is_always_the_same():
	assert key_of("a.example", "JOB-2026-00001", SUBMITTED) == KEY


@pytest.mark.parametrize(
	("site", "job_id", "submitted_at"),
	[
		# two sites; a copy of a site, with the jobs that were in it; an id given twice after a restore
		("b.example", "JOB-2026-00001", SUBMITTED + timedelta(seconds=1)),
		("copy.example", "JOB-2026-00001", SUBMITTED),
		("a.example", "JOB-2026-00001", SUBMITTED + timedelta(microseconds=1)),
		("a.example", "JOB-2026-00002", SUBMITTED),
	],
)
def test_another_job_has_another_key(site, job_id, submitted_at):
	assert key_of(site, job_id, submitted_at) != KEY

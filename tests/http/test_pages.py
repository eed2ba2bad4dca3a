"""Pages of jobs while jobs arrive."""

import pytest
from answers import API, error, message
from factories import submit


def ids(page: dict) -> list[str]:
	return [job["job_id"] for job in page["jobs"]]


@pytest.fixture
def jobs() -> list[str]:
	"""Five jobs, newest first."""
	return [submit().name for _ in range(5)][::-1]


def test_pages_by_offset(alice, jobs):
	pages = [message(alice.ask(f"{API}.list_jobs", limit=2, offset=offset)) for offset in (0, 2, 4, 6)]
	assert [ids(page) for page in pages] == [jobs[:2], jobs[2:4], jobs[4:], []]
	assert {page["total"] for page in pages} == {5}


def test_pages_by_the_last_job_do_not_shift_when_jobs_arrive(alice, jobs):
	seen, before = [], None
	while page := ids(message(alice.ask(f"{API}.list_jobs", limit=2, before=before))):
		seen += page
		before = page[-1]
		submit()
	assert seen == jobs


def test_pages_by_offset_do_shift(alice, jobs):
	"""Why there is `before`."""
	first = ids(message(alice.ask(f"{API}.list_jobs", limit=2)))
	submit()
	assert ids(message(alice.ask(f"{API}.list_jobs", limit=2, offset=2)))[0] == first[-1]


def test_before_goes_together_with_filters(alice, jobs, world):
	page = message(alice.ask(f"{API}.list_jobs", organization=world.alpha, before=jobs[2]))
	assert (ids(page), page["total"]) == (jobs[3:], 5)


def test_before_a_job_of_another_organization_is_no_job(alice, world):
	foreign = submit(world.bob, world.beta).name
	refused = error(alice.ask(f"{API}.list_jobs", before=foreign), 404)
	assert refused == f"before: no job {foreign!r}"

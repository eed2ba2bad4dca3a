import pytest

from dartwing.dartwing_core.background_jobs.execution.supervision import is_time_to_stop


@pytest.mark.parametrize(("interval", "grace"), [(1, 10), (1, 3), (0.1, 1), (0.5, 0), (2, 1)])
def test_force_is_used_within_the_grace_period_however_late_the_cancel_was_noticed(interval, grace):
	"""A cancel is noticed at once or, at the latest, an interval after it."""
	looks = [look * interval for look in range(100)]
	stopped_at = next(seconds for seconds in looks if is_time_to_stop(seconds, interval, grace))
	assert stopped_at + interval <= max(grace, interval)
	assert stopped_at >= grace - 2 * interval

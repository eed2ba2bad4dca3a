"""When a failed job runs again, and what hands it over then.

A failed attempt is first judged (`decide`: is the error transient, are retries left, after how many seconds),
then the job is put to wait (`schedule_retry`), and the first look of a clock, or the first tick, after its
time has come hands it over (`process_retry_queue`).
"""

from dartwing.dartwing_core.background_jobs.dispatch.retry_queue import process_retry_queue, schedule_retry
from dartwing.dartwing_core.background_jobs.execution.retry_decision import (
	RetryDecision,
	calculate_backoff,
	decide,
)

__all__ = ["RetryDecision", "calculate_backoff", "decide", "process_retry_queue", "schedule_retry"]

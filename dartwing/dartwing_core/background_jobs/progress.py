"""What a handler is given: its job, and how it tells everybody of its progress."""

from dartwing.dartwing_core.background_jobs.announcing.realtime import publish_job_progress
from dartwing.dartwing_core.background_jobs.execution.context import JobContext, key_of

__all__ = ["JobContext", "key_of", "publish_job_progress"]

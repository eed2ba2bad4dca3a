"""The Redis of RQ's queues: whether it answers, and what it knows of our wake-ups."""

from collections.abc import Sequence
from functools import cache

import frappe
import redis
from frappe.utils.background_jobs import create_job_id, get_queue, get_redis_conn
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry

ALIVE, ENDED, UNKNOWN = "alive", "ended", "unknown"
ANSWER_SECONDS = 1


def answers() -> bool:
	"""Whether the queues can be reached, found out within two seconds.

	Frappe v15 tries five times, a second apart, to connect; somebody's commit must not wait for that.
	"""
	try:
		_impatient_connection(frappe.conf.redis_queue).ping()
	except AuthenticationError:
		# Redis is there, and asks for a password that Frappe knows
		return True
	except RedisError as error:
		frappe.logger("dartwing").warning(f"the queues cannot be reached: {error}")
		return False
	return True


def publish(events: Sequence[str]) -> bool:
	"""Send the texts to Frappe's channel of events, in one round trip; False if Redis does not answer.

	That is found out as by `answers`, which need not be asked before.
	"""
	for is_last_try in (False, True):
		pipeline = _impatient_connection(frappe.conf.redis_queue).pipeline(transaction=False)
		for event in events:
			pipeline.publish("events", event)
		try:
			pipeline.execute()
			break
		except (AuthenticationError, ResponseError):
			break
		except RedisError as error:
			# the first try may have used a connection that was lost since the last one
			if is_last_try or isinstance(error, RedisTimeoutError):
				frappe.logger("dartwing").warning(f"the queues cannot be reached: {error}")
				return False
	return True


@cache
def _impatient_connection(url: str) -> redis.Redis:
	# the second try is for a connection that was lost since the last question
	retry = Retry(NoBackoff(), 1)
	return redis.from_url(
		url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, retry=retry
	)


def fetch(rq_job_id: str | None) -> Job | None:
	"""The wake-up with the id that we gave it; None when there is none that can be read, or only remains."""
	try:
		return Job.fetch_many([create_job_id(rq_job_id or "")], connection=get_redis_conn())[0]
	except NoSuchJobError:
		# after Redis was flushed, a horse that goes on writes some fields of its RQ job again: then there is
		# a hash, but the job is not in it
		return None
	except (ValueError, TypeError, LookupError):
		# not what RQ writes
		return None
	except ResponseError as error:
		# a Redis that is full or loading says so in this way too
		if "WRONGTYPE" not in str(error):
			raise
		return None


def wake_up_prefix() -> str:
	"""What the full ids of this site's wake-ups begin with: those of the engine, not of others."""
	return create_job_id("JOB-")


def id_within_site(full_id: str) -> str:
	"""The id that we gave to an RQ job, without what this Frappe puts before it."""
	return full_id.removeprefix(create_job_id("JOB-").removesuffix("JOB-"))


def take_off(queue: str, rq_job_ids: Sequence[str]) -> None:
	"""Remove those wake-ups that still wait in their queue.

	A wake-up that a worker has taken already stays: it will find nothing to claim.
	"""
	connection, key = get_redis_conn(), get_queue(queue).key
	full_ids = [create_job_id(rq_job_id) for rq_job_id in rq_job_ids]
	with connection.pipeline(transaction=False) as pipeline:
		for full_id in full_ids:
			pipeline.lrem(key, 1, full_id)
		removed = pipeline.execute()
	taken = [Job.key_for(full_id) for full_id, count in zip(full_ids, removed, strict=True) if count]
	if taken:
		connection.delete(*taken)


def waiting_ids(queues: set[str]) -> set[str]:
	"""Full ids of all RQ jobs that wait in the queues."""
	return {rq_job_id for queue in queues for rq_job_id in get_queue(queue).get_job_ids()}


def state_of(rq_job_id: str | None, worker_name: str | None = None) -> str:
	"""What RQ knows of a wake-up: its horse is alive, its worker saw it end, or nothing reliable.

	With a worker's name, only that worker's word counts: another one may have taken the same wake-up again.
	"""
	found = fetch(rq_job_id)
	if not found:
		return UNKNOWN
	if _was_seen_to_end(found):
		return ENDED if found.worker_name in (None, worker_name) else UNKNOWN
	if found.get_status(refresh=False) != JobStatus.STARTED:
		return UNKNOWN
	lapses_at = _started(found.origin).get(found.id, 0.0)
	return ALIVE if lapses_at > _redis_time() else UNKNOWN


def _started(queue: str) -> dict[str, float]:
	"""Full ids of the queue's RQ jobs that are being worked on, and when each lapses: seconds since 1970.

	At most one per worker. RQ 2 (v16) names the execution too, and has a word for the id in it.
	"""
	registry = StartedJobRegistry(queue, connection=get_redis_conn())
	job_id_of = getattr(registry, "parse_job_id", str)
	entries = get_redis_conn().zrange(registry.key, 0, -1, withscores=True)
	return {job_id_of(entry.decode()): lapses_at for entry, lapses_at in entries}


def _was_seen_to_end(rq_job: Job) -> bool:
	"""Whether a worker saw its horse end.

	A horse may live on when somebody canceled the RQ job by hand, and when RQ's maintenance calls it
	failed because its worker is silent; then there is no time at which it ended.
	"""
	status = rq_job.get_status(refresh=False)
	if status in (JobStatus.FINISHED, JobStatus.FAILED):
		return rq_job.ended_at is not None
	return status == JobStatus.STOPPED


def _redis_time() -> float:
	seconds, microseconds = get_redis_conn().time()
	return seconds + microseconds / 1_000_000

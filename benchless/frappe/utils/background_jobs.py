"""Background jobs: RQ queues, the function every worker runs, and the stock workers."""

import gc
import os
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import frappe
import redis
from frappe import _
from frappe._api.unsupported import refuse
from frappe.utils import CallbackManager, cint, get_bench_id
from redis.exceptions import BusyLoadingError, ConnectionError
from rq import Callback, Queue, Worker
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.logutils import setup_loghandlers
from rq.worker import DequeueStrategy
from rq.worker_pool import WorkerPool
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

# seconds until RQ kills a job, by queue; workers look at queues in this order
QUEUE_TIMEOUTS = {"short": 300, "default": 300, "long": 1500}
RQ_JOB_FAILURE_TTL = 7 * 24 * 60 * 60
RQ_FAILED_JOBS_LIMIT = 1000
RQ_RESULTS_TTL = 10 * 60
BACKGROUND_PROCESS_NICENESS = 10
MAX_JOB_RETRIES = 5
WAITING_OR_RUNNING = (JobStatus.QUEUED, JobStatus.STARTED)

_redis_queue_conn = None


def get_queues_timeout() -> dict[str, int]:
	if frappe.get_conf().get("workers"):
		raise refuse("custom queues (the site config key workers)")
	return dict(QUEUE_TIMEOUTS)


def enqueue(
	method: str | Callable,
	queue: str = "default",
	timeout: int | None = None,
	event=None,
	is_async: bool = True,
	job_name: str | None = None,
	now: bool = False,
	enqueue_after_commit: bool = False,
	*,
	on_success: Callable | None = None,
	on_failure: Callable | None = None,
	at_front: bool = False,
	job_id: str | None = None,
	deduplicate=False,
	**kwargs,
) -> Job | Any:
	"""Push `method(**kwargs)` to an RQ queue; the worker runs it on this site as the current user.

	`timeout` is in seconds. With `deduplicate` nothing happens while a job of this `job_id` is queued or
	started; that is looked up once, now, also with `enqueue_after_commit`. Returns the RQ job, the return
	value of `method` when it was called in place, or None.
	"""
	is_async = kwargs.pop("async", is_async)
	if deduplicate and _is_duplicate(job_id):
		return None

	if now or (not is_async and not frappe.flags.in_test):
		return frappe.call(method, **kwargs)

	rq_queue = get_queue(queue, is_async=is_async)

	full_id = create_job_id(job_id)
	call = {
		"site": frappe.local.site,
		"user": frappe.session.user,
		"method": method,
		"event": event,
		"job_name": job_name or _name_of(method),
		"is_async": is_async,
		"kwargs": kwargs,
	}

	def push() -> Job:
		return rq_queue.enqueue_call(
			execute_job,
			kwargs=call,
			job_id=full_id,
			timeout=timeout or get_queues_timeout()[queue],
			at_front=at_front,
			on_success=Callback(func=on_success) if on_success else None,
			on_failure=Callback(func=on_failure or truncate_failed_registry),
			failure_ttl=frappe.conf.get("rq_job_failure_ttl") or RQ_JOB_FAILURE_TTL,
			result_ttl=frappe.conf.get("rq_results_ttl") or RQ_RESULTS_TTL,
		)

	if not enqueue_after_commit:
		return push()
	frappe.db.after_commit.add(push)
	return None


def _is_duplicate(job_id: str | None) -> bool:
	"""Whether a job of this id waits or runs. A finished one is removed, to make room for the new one."""
	if not job_id:
		frappe.throw(_("`job_id` paramater is required for deduplication."))
	job = get_job(job_id)
	if not job:
		return False
	if job.get_status() in WAITING_OR_RUNNING:
		return True
	job.delete()
	return False


def _name_of(method: str | Callable) -> str:
	return method if isinstance(method, str) else f"{method.__module__}.{method.__qualname__}"


def enqueue_doc(doctype, name=None, method=None, queue="default", timeout=300, now=False, **kwargs):
	"""Enqueue a call of a document's method; the worker loads the document afresh."""
	return enqueue(
		"frappe.utils.background_jobs.run_doc_method",
		doctype=doctype,
		name=name,
		doc_method=method,
		queue=queue,
		timeout=timeout,
		now=now,
		**kwargs,
	)


def run_doc_method(doctype, name, doc_method, **kwargs):
	getattr(frappe.get_doc(doctype, name), doc_method)(**kwargs)


def execute_job(site, method, event, job_name, kwargs, user=None, is_async=True, retry=0):
	"""What a worker runs: one job in one fresh site context, committed on return, rolled back on an error.

	A deadlock, a lock timeout and `RetryBackgroundJobError` are tried again in place, up to five times,
	after 1, 2, 3… seconds. The user is not handed on, so those attempts run as Administrator (as v15 does).
	"""
	if is_async:
		_enter_site(site, user)
	method_name = _name_of(method)
	function = frappe.get_attr(method) if isinstance(method, str) else method
	frappe.local.job = frappe._dict(
		site=site,
		method=method_name,
		job_name=job_name,
		kwargs=kwargs,
		user=user,
		after_job=CallbackManager(),
	)
	for hook in frappe.get_hooks("before_job"):
		frappe.call(hook, method=method_name, kwargs=kwargs, transaction_type="job")

	result = None
	try:
		result = function(**kwargs)
		frappe.db.commit()
		return result
	except (frappe.db.InternalError, frappe.RetryBackgroundJobError) as error:
		frappe.db.rollback()
		if retry >= MAX_JOB_RETRIES or not _is_worth_retrying(error):
			frappe.log_error(title=method_name)
			raise
		frappe.destroy()
		time.sleep(retry + 1)
		return execute_job(site, function, event, job_name, kwargs, is_async=is_async, retry=retry + 1)
	except Exception:
		frappe.db.rollback()
		frappe.log_error(title=method_name)
		frappe.db.commit()
		print(frappe.get_traceback())
		raise
	finally:
		_leave_job(method_name, kwargs, result, is_async)


def _enter_site(site: str, user: str | None) -> None:
	frappe.init(site=site)
	frappe.connect()
	if os.environ.get("CI"):
		frappe.flags.in_test = True
	if user:
		frappe.set_user(user)


def _is_worth_retrying(error: Exception) -> bool:
	return (
		isinstance(error, frappe.RetryBackgroundJobError)
		or frappe.db.is_deadlocked(error)
		or frappe.db.is_timedout(error)
	)


def _leave_job(method_name: str, kwargs: dict, result: Any, is_async: bool) -> None:
	for hook in frappe.get_hooks("after_job"):
		frappe.call(hook, method=method_name, kwargs=kwargs, result=result)
	frappe.local.job.after_job.run()
	if is_async:
		frappe.destroy()


def start_worker(
	queue: str | None = None,
	quiet: bool = False,
	burst: bool = False,
	strategy: DequeueStrategy | None = DequeueStrategy.DEFAULT,
) -> None:
	"""Work as one RQ worker until stopped; with `burst` until the queues are empty."""
	connection, queues = _prepare_worker(queue)
	Worker(queues, connection=connection).work(
		logging_level="WARNING" if quiet else "INFO",
		burst=burst,
		date_format="%Y-%m-%d %H:%M:%S",
		log_format="%(asctime)s,%(msecs)03d %(message)s",
		dequeue_strategy=strategy or DequeueStrategy.DEFAULT,
	)


def start_worker_pool(
	queue: str | None = None, num_workers: int = 1, quiet: bool = False, burst: bool = False
) -> None:
	"""Run several workers under one parent, which replaces those that die."""
	connection, queues = _prepare_worker(queue)
	pool = WorkerPool(queues=queues, connection=connection, num_workers=num_workers)
	pool.start(logging_level="WARNING" if quiet else "INFO", burst=burst)


def _prepare_worker(queue: str | None) -> tuple[redis.Redis, list[str]]:
	# what is imported so far stays out of garbage collection, so that forks go on sharing its memory
	gc.collect()
	gc.freeze()
	with frappe.init_site():
		connection = get_redis_conn()
		wanted = [name.strip() for name in queue.split(",")] if queue else None
		queues = get_queue_list(wanted, build_queue_name=True)
	if os.environ.get("CI"):
		setup_loghandlers("ERROR")
	set_niceness()
	return connection, queues


def get_queue_list(queue_list=None, build_queue_name=False) -> list[str]:
	"""The queues named, after checking them; all of them if none is named."""
	known = list(get_queues_timeout())
	names = [queue_list] if isinstance(queue_list, str) else queue_list or known
	for name in names:
		if name not in known:
			frappe.throw(_("Queue should be one of {0}").format(", ".join(known)))
	return [generate_qname(name) for name in names] if build_queue_name else names


def get_queue(qtype, is_async=True) -> Queue:
	get_queue_list(qtype)
	return Queue(generate_qname(qtype), connection=get_redis_conn(), is_async=is_async)


def generate_qname(qtype: str) -> str:
	"""Queue name in Redis: the bench's id keeps two benches on one Redis apart."""
	return f"{get_bench_id()}:{qtype}"


def get_workers(queue=None) -> list[Worker]:
	return Worker.all(queue=queue) if queue else Worker.all(get_redis_conn())


def truncate_failed_registry(job, connection, type, value, traceback):
	"""RQ failure callback: forget all but the latest failed jobs of each queue of this bench."""
	conf = frappe.conf or frappe.get_conf(site=job.kwargs.get("site"))
	keep = (conf.get("rq_failed_jobs_limit") or RQ_FAILED_JOBS_LIMIT) - 1
	for name in get_queue_list(build_queue_name=True):
		registry = Queue(name, connection=connection).failed_job_registry
		for failed in Job.fetch_many(registry.get_job_ids()[keep:], connection=connection):
			if failed:
				registry.remove(failed, delete_job=True)


def create_job_id(job_id: str | None) -> str:
	return f"{frappe.local.site}::{job_id or uuid4()}"


def is_job_enqueued(job_id: str) -> bool:
	return get_job_status(job_id) in WAITING_OR_RUNNING


def get_job_status(job_id: str) -> JobStatus | None:
	job = get_job(job_id)
	return job.get_status() if job else None


def get_job(job_id: str) -> Job | None:
	try:
		return Job.fetch(create_job_id(job_id), connection=get_redis_conn())
	except NoSuchJobError:
		return None


@retry(
	retry=retry_if_exception_type((BusyLoadingError, ConnectionError)),
	stop=stop_after_attempt(5),
	wait=wait_fixed(1),
	reraise=True,
)
def get_redis_conn():
	"""The connection to the queue's Redis; tried five times, a second apart, when it cannot be made."""
	if not hasattr(frappe.local, "conf"):
		raise Exception("You need to call frappe.init")
	if frappe.conf.get("use_rq_auth"):
		raise refuse("RQ authentication")
	try:
		return get_redis_connection_without_auth()
	except Exception as error:
		url = frappe.conf.redis_queue
		print(f"Please make sure that Redis Queue runs @ {url}. Redis reported error: {error}")
		raise


def get_redis_connection_without_auth():
	"""One connection for the whole process. It is checked when made, never afterwards."""
	global _redis_queue_conn
	if not _redis_queue_conn:
		connection = redis.from_url(frappe.conf.redis_queue)
		connection.ping()
		_redis_queue_conn = connection
	return _redis_queue_conn


def set_niceness() -> None:
	"""Give way to web processes. Once per process: the increment adds up."""
	configured = frappe.get_conf().get("background_process_niceness")
	os.nice(BACKGROUND_PROCESS_NICENESS if configured is None else cint(configured))

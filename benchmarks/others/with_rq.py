"""RQ alone: one worker, which forks for each job."""

import os
import time

from redis import Redis
from rq import Queue
from rq.registry import FinishedJobRegistry

WORKER = ["-m", "rq.cli", "worker", "--url", os.environ["BENCHMARK_REDIS"], "--quiet"]

queue = Queue(connection=Redis.from_url(os.environ["BENCHMARK_REDIS"]))


def do_nothing() -> None:
	pass


def submit(number: int) -> None:
	for _ in range(number):
		queue.enqueue("benchmarks.others.with_rq.do_nothing")


def wait(number: int) -> None:
	registry = FinishedJobRegistry(queue=queue)
	while registry.count < number:
		time.sleep(0.01)
	for job_id in registry.get_job_ids():
		registry.remove(job_id)

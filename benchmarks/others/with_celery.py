"""Celery over Redis: the default pool, one process for each core, results in Redis."""

import os

from celery import Celery
from celery.result import AsyncResult

WORKER = ["-m", "celery", "--app", "benchmarks.others.with_celery", "worker", "--loglevel", "ERROR"]

app = Celery("benchmark", broker=os.environ["BENCHMARK_REDIS"], backend=os.environ["BENCHMARK_REDIS"])
sent: list[AsyncResult] = []


@app.task
def do_nothing() -> None:
	pass


def submit(number: int) -> None:
	sent.extend(do_nothing.delay() for _ in range(number))


def wait(number: int) -> None:
	for result in sent:
		result.get()
	sent.clear()

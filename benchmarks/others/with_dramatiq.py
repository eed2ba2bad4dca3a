"""Dramatiq over Redis: one process for each core, eight threads in each."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

WORKER = ["-m", "dramatiq", "benchmarks.others.with_dramatiq"]

broker = RedisBroker(url=os.environ["BENCHMARK_REDIS"])
dramatiq.set_broker(broker)


@dramatiq.actor
def do_nothing() -> None:
	pass


def submit(number: int) -> None:
	for _ in range(number):
		do_nothing.send()


def wait(number: int) -> None:
	broker.join(do_nothing.queue_name, interval=10, timeout=60_000)

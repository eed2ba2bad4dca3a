"""Huey over Redis: one thread, results in Redis."""

import os
import time

from huey import RedisHuey

WORKER = ["-m", "huey.bin.huey_consumer", "benchmarks.others.with_huey.huey", "--quiet"]

huey = RedisHuey("benchmark", url=os.environ["BENCHMARK_REDIS"])


@huey.task()
def do_nothing() -> int:
	# Huey keeps no result that is None
	return 1


def submit(number: int) -> None:
	for _ in range(number):
		do_nothing()


def wait(number: int) -> None:
	while huey.result_count() < number:
		time.sleep(0.01)
	huey.storage.flush_results()

"""Procrastinate over PostgreSQL: one worker, one job at a time."""

import os
import time

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

WORKER = ["-m", "procrastinate", "--app", "benchmarks.others.with_procrastinate.app", "worker"]

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCHMARK_POSTGRES"]))
sender = app.with_connector(SyncPsycopgConnector(conninfo=os.environ["BENCHMARK_POSTGRES"]))


@app.task(name="do_nothing")
def do_nothing() -> None:
	pass


def prepare() -> None:
	sender.open()
	sender.schema_manager.apply_schema()


def submit(number: int) -> None:
	for _ in range(number):
		sender.configure_task("do_nothing").defer()


def wait(number: int) -> None:
	query = "select count(*) as done from procrastinate_jobs where status = 'succeeded'"
	while sender.connector.execute_query_one(query)["done"] < number:
		time.sleep(0.02)
	sender.connector.execute_query("delete from procrastinate_jobs")

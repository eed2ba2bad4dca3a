"""Procrastinate over PostgreSQL: one worker, one job at a time."""

import os
import time
from typing import Any

from procrastinate import App, PsycopgConnector

WORKER = ["-m", "procrastinate", "--app", "benchmarks.others.with_procrastinate.app", "worker"]

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCHMARK_POSTGRES"]))


@app.task(name="do_nothing")
def do_nothing() -> None:
	pass


def prepare() -> None:
	app.open()
	if not query("select to_regclass('procrastinate_jobs') as found")["found"]:
		app.schema_manager.apply_schema()


def submit(number: int) -> None:
	for _ in range(number):
		do_nothing.defer()


def wait(number: int) -> None:
	while (
		query("select count(*) as done from procrastinate_jobs where status = 'succeeded'")["done"] < number
	):
		time.sleep(0.02)
	app.connector.get_sync_connector().execute_query("delete from procrastinate_jobs")


def query(statement: str) -> dict[str, Any]:
	return app.connector.get_sync_connector().execute_query_one(statement)

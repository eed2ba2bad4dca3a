"""A stock worker whose supervisor cannot record that a handler overran; run in the sites folder."""

from frappe.utils.background_jobs import start_worker

from dartwing.dartwing_core.background_jobs.execution import settlement


def fail(*_arguments: object) -> None:
	raise RuntimeError("the database is away")


if __name__ == "__main__":
	settlement.record_in_own_transaction = fail
	start_worker(queue="short,default,long")

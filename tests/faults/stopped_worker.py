"""A stock worker whose horse stops at the point that the environment names; run in the sites folder."""

from frappe.utils.background_jobs import start_worker
from stopping import stop_as_told

from dartwing.dartwing_core.background_jobs.execution import drain

if __name__ == "__main__":
	# on a slow machine, too, the next job is claimed with the end of the one before it
	drain.ORDER_LASTS_SECONDS = drain.ANSWER_LASTS_SECONDS = 10
	stop_as_told()
	start_worker(queue="short,default,long")

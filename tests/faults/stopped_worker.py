"""A stock worker whose horse stops at the point that the environment names; run in the sites folder."""

from frappe.utils.background_jobs import start_worker
from stopping import stop_as_told

if __name__ == "__main__":
	stop_as_told()
	start_worker(queue="short,default,long")

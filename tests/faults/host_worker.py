"""A stock worker, as `bench worker` starts it; run in the sites folder."""

from frappe.utils.background_jobs import start_worker

if __name__ == "__main__":
	start_worker(queue="short,default,long")

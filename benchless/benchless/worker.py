"""Workers: the stock RQ worker and worker pool, for the queues of this bench."""

from frappe.utils import background_jobs


def work(queue: str | None, quiet: bool, burst: bool, strategy: str | None) -> None:
	"""Be one worker until stopped. SIGTERM and Ctrl-C let the running job finish; a second one does not."""
	background_jobs.start_worker(queue, quiet=quiet, burst=burst, strategy=strategy)


def work_as_pool(queue: str | None, num_workers: int, quiet: bool, burst: bool) -> None:
	"""Run several workers under this process."""
	background_jobs.start_worker_pool(queue, num_workers=num_workers, quiet=quiet, burst=burst)

"""What does it cost a handler to report progress, and to ask whether it was canceled?"""

import frappe
from factories import wait_until

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import REPORT, Lab

SIZES = {
	"full": {"rounds": 7, "calls": 200},
	"quick": {"rounds": 3, "calls": 100},
	"tiny": {"rounds": 1, "calls": 3},
}
MARK = "dartwing_benchmark_progress"
THROTTLED, WRITTEN = "update_progress, default: written once a second", "update_progress, each one written"
CANCELED, BY_HAND = "is_canceled", "set_value + publish_realtime + commit by hand"


def measure(lab: Lab, rounds: int, calls: int) -> list[Answer]:
	samples = {
		THROTTLED: in_a_worker(lab, "update_progress", rounds, calls),
		BY_HAND: in_a_worker(lab, "by_hand", rounds, calls),
		CANCELED: in_a_worker(lab, "is_canceled", rounds, calls),
	}
	with lab.runtime.site_config(dartwing_progress_interval_seconds=0):
		samples[WRITTEN] = in_a_worker(lab, "update_progress", rounds, calls)
	return [
		Answer(
			"One update of progress",
			"ms",
			samples,
			[Comparison(THROTTLED, BY_HAND), Comparison(WRITTEN, BY_HAND)],
			notes=[
				f"Averages of {calls} calls, in a handler that a stock worker runs. "
				"`dartwing_progress_interval_seconds` is 0 where each one is written; the default is 1.",
			],
		)
	]


def in_a_worker(lab: Lab, what: str, rounds: int, calls: int) -> list[float]:
	"""Milliseconds of a call, on average, in each round."""
	frappe.cache.delete_value(MARK)
	with lab.workers(1):
		lab.submit(REPORT, {"what": what, "rounds": rounds, "calls": calls, "mark": MARK})
		wait_until(lambda: frappe.cache.llen(MARK) == rounds, f"{what} was measured", 60)
	return [float(value) for value in frappe.cache.lrange(MARK, 0, -1)]


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("progress")

"""What does each promise of the engine cost? The same drain, with the promises left out one by one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks import promises_worker
from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, Lab, in_turn
from benchmarks.promises_worker import PROMISES, SAVINGS
from benchmarks.throughput import Ours, rate_with

SIZES = {
	"full": {"rounds": 3, "seconds": 8, "jobs": 3000, "promises": tuple(PROMISES)},
	"quick": {"rounds": 1, "seconds": 5, "jobs": 1500, "promises": tuple(PROMISES)},
	"tiny": {"rounds": 1, "seconds": 20, "jobs": 3, "promises": ("an event for the browsers",)},
}
ALL = "Dartwing, all promises"


def measure(lab: Lab, rounds: int, seconds: float, jobs: int, promises: tuple[str, ...]) -> list[Answer]:
	left_out = {f"without {promise}": promise for promise in (*promises, *SAVINGS)}
	contenders: dict[str, Callable[[], float]] = {ALL: rate_without(lab, seconds, jobs)}
	contenders |= {label: rate_without(lab, seconds, jobs, promise) for label, promise in left_out.items()}
	return [
		Answer(
			"What each promise costs",
			"jobs/s",
			in_turn(contenders, rounds),
			[Comparison(label, ALL) for label in left_out],
			notes=[
				"No-op jobs, one stock worker, as in the throughput. In each row the worker leaves one "
				"promise out (`benchmarks/promises_worker.py`): what is above 1 is what that promise costs. "
				"The last row is no promise: it claims each job in a transaction of its own."
			],
		)
	]


def rate_without(lab: Lab, seconds: float, jobs: int, promise: str | None = None) -> Callable[[], float]:
	return rate_with(lab, partial(one_worker, lab, promise), seconds, Ours(lab, NOTHING, jobs))


def one_worker(lab: Lab, promise: str | None) -> AbstractContextManager[None]:
	arguments = [promise] if promise else []
	log = lab.folder / "promises.log"
	return lab.idle([lab.runtime.spawn_script(Path(promises_worker.__file__), *arguments, log=log)])


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("promises")

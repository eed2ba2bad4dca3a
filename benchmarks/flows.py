"""What does it cost a job to be one of a group? Thousands of jobs are submitted as one flow, and run."""

import frappe
from factories import acting_as

from benchmarks.answers import Answer, Comparison
from benchmarks.lab import NOTHING, Lab, in_turn, seconds_of
from benchmarks.throughput import Ours, rate_of
from dartwing.dartwing_core.background_jobs import Flow, Job

SIZES = {
	"full": {"rounds": 3, "jobs": 10_000, "seconds": 15, "workers": 2},
	"quick": {"rounds": 1, "jobs": 2000, "seconds": 8, "workers": 2},
	"tiny": {"rounds": 1, "jobs": 5, "seconds": 20, "workers": 1},
}
SIDE_BY_SIDE, FAN, BULK = "as a flow, side by side", "as a flow: one, many, one", "with submit_jobs"
LONE, MEMBERS = "lone jobs", "jobs of one group"


class Members(Ours):
	"""Jobs of one group, beside each other."""

	def send(self) -> None:
		submit(self._lab, "members", jobs(self._job_type, self.jobs))


def measure(lab: Lab, rounds: int, jobs: int, seconds: float, workers: int) -> list[Answer]:
	return [submitted(lab, rounds, jobs), run(lab, rounds, jobs, seconds, workers)]


def submitted(lab: Lab, rounds: int, count: int) -> Answer:
	def rate(submit_them) -> float:
		lab.clear()
		return count / seconds_of(submit_them)

	first, *middle, last = jobs(NOTHING, count)
	ways = {
		SIDE_BY_SIDE: lambda: rate(lambda: submit(lab, "flow", jobs(NOTHING, count))),
		FAN: lambda: rate(lambda: submit(lab, "flow", first >> middle >> last)),
		BULK: lambda: rate(lambda: lab.submit_many(NOTHING, count)),
	}
	return Answer(
		f"Submitting {count} jobs at once",
		"jobs/s",
		in_turn(ways, rounds),
		[Comparison(SIDE_BY_SIDE, BULK), Comparison(FAN, BULK)],
		# ten thousand in five seconds
		floors={SIDE_BY_SIDE: 2000, FAN: 2000},
		notes=["The commit, and handing over what may start, is included."],
	)


def run(lab: Lab, rounds: int, count: int, seconds: float, workers: int) -> Answer:
	contenders = {
		LONE: rate_of(lab, workers, seconds, Ours(lab, NOTHING, count)),
		MEMBERS: rate_of(lab, workers, seconds, Members(lab, NOTHING, count)),
	}
	return Answer(
		f"No-op jobs run by {workers} worker{'s' if workers > 1 else ''}",
		"jobs/s",
		in_turn(contenders, rounds),
		[Comparison(MEMBERS, LONE)],
		notes=[f"The group has {count} jobs. Each end of a member locks the row of its group."],
	)


def jobs(job_type: str, count: int) -> list[Job]:
	return [Job(job_type, {"number": number}) for number in range(count)]


def submit(lab: Lab, title: str, work: object) -> None:
	with acting_as(lab.member):
		Flow(title, work).submit(lab.organization)
		frappe.db.commit()


if __name__ == "__main__":
	from benchmarks.asking import ask

	ask("flows")

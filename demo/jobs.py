"""The jobs of a run: submitted and followed over HTTP by the members who want them done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from demo.client import ENDED, Client
from demo.errors import DemoError
from demo.scenario import PLANS, Plan

# the API allows 60 list_jobs and 600 get_job_status a minute to each user
LIST_EVERY_SECONDS = 1.2
LOOK_EVERY_SECONDS = 0.3
RUN_SECONDS = 120


@dataclass
class Job:
	"""One submitted job and what its member last heard of it."""

	plan: Plan
	job_id: str
	client: Client
	state: dict[str, Any] = field(default_factory=dict)
	history: list[dict[str, Any]] = field(default_factory=list)
	# whether `list_jobs` tells of it
	is_listed = True

	@property
	def status(self) -> str:
		return self.state["status"]

	@property
	def has_ended(self) -> bool:
		return self.status in ENDED

	@property
	def is_running(self) -> bool:
		return self.status == "Running"

	@property
	def waited_seconds(self) -> float:
		return seconds_between(self.state["created_at"], self.state["started_at"])

	@property
	def ran_seconds(self) -> float | None:
		if not self.state["started_at"]:
			return None
		ended_at = self.history[-1]["timestamp"] if self.history else None
		return seconds_between(self.state["started_at"], ended_at)

	def learn(self, state: dict[str, Any]) -> None:
		self.state = state
		if self.has_ended and not self.history:
			self.history = self.client.get_job_history(self.job_id)

	def look(self) -> None:
		self.learn(self.client.get_job_status(self.job_id))


def seconds_between(begin: str, end: str | None) -> float:
	return ((parse(end) if end else datetime.now(timezone.utc)) - parse(begin)).total_seconds()


def parse(timestamp: str) -> datetime:
	# Python 3.10 does not know the Z
	return datetime.fromisoformat(timestamp.replace("Z", "+00:00"))


def submit_all(clients: dict[str, Client]) -> list[Job]:
	jobs = []
	for plan in PLANS:
		client = clients[plan.member]
		job = Job(plan, client.submit_job(**plan.arguments()), client)
		job.look()
		jobs.append(job)
	return jobs


def follow(jobs: list[Job], show: Callable[[list[Job]], None], check: Callable[[], None]) -> None:
	"""Look until all jobs have ended, showing each state; DemoError if that takes too long.

	Lists tell which jobs moved on, single looks how far the running ones are: within the rate limits.
	"""
	deadline, next_list = time.monotonic() + RUN_SECONDS, 0.0
	while not all(job.has_ended for job in jobs):
		if time.monotonic() > deadline:
			raise DemoError(f"After {RUN_SECONDS} s these have not ended: {', '.join(unfinished(jobs))}")
		check()
		if time.monotonic() >= next_list:
			look_at_lists(jobs)
			next_list = time.monotonic() + LIST_EVERY_SECONDS
		else:
			look_at_running(jobs)
		show(jobs)
		time.sleep(LOOK_EVERY_SECONDS)


def unfinished(jobs: list[Job]) -> list[str]:
	return [f"{job.job_id} ({job.status})" for job in jobs if not job.has_ended]


def look_at_lists(jobs: list[Job]) -> None:
	"""One list for each organization, asked for by the first of its members."""
	followers = {job.plan.organization.name: job.client for job in reversed(jobs)}
	for organization, client in followers.items():
		states = {state["job_id"]: state for state in client.list_jobs(organization)}
		for job in jobs:
			if job.job_id in states and not job.has_ended:
				job.learn(states[job.job_id])
	for job in jobs:
		if not job.is_listed and not job.has_ended:
			job.look()


def look_at_running(jobs: list[Job]) -> None:
	for job in jobs:
		if job.is_running:
			job.look()

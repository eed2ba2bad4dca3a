"""Scans in parts: a member uploads a PDF, and a flow splits it, reads its pages and merges their texts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import pdfs
from demo.client import Client
from demo.files import Written
from demo.jobs import Job, seconds_between
from demo.scenario import SCANS, ScanPlan


@dataclass
class Scan(Job):
	"""The group of a flow, which is shown as one job; `job_id` is the group's id."""

	is_listed = False

	@property
	def has_ended(self) -> bool:
		return bool(self.state["ended_at"])

	@property
	def ran_seconds(self) -> float | None:
		started_at = self.state["started_at"]
		return seconds_between(started_at, self.state["ended_at"]) if started_at else None

	def look(self) -> None:
		group = self.client.get_group(self.job_id)
		jobs = group["jobs"]
		started = [job["started_at"] for job in jobs if job["started_at"]]
		ended = sum(group["count_by_status"].get(status, 0) for status in ("Completed", "Dead Letter"))
		is_begun = bool(started or group["ended_at"])
		self.state = {
			**group,
			"status": group["status"] if is_begun else "Pending",
			"priority": jobs[0]["priority"],
			"started_at": min(started, default=None),
			"progress_message": f"{ended} of {group['job_count']} jobs ended" if is_begun else None,
			**self._outcome(jobs),
		}

	def _outcome(self, jobs: list[dict[str, Any]]) -> dict[str, Any]:
		"""What the newest job left, which is the one that merges; or why the first one failed."""
		errors = [job["error_message"] for job in reversed(jobs) if job["error_message"]]
		error = errors[0] if errors else None
		return {
			"result": jobs[0]["result"],
			"output_reference": jobs[0]["output_reference"],
			"error_message": error,
		}


def submit_scans(clients: dict[str, Client]) -> list[Job]:
	scans: list[Job] = []
	for plan in SCANS:
		client = clients[plan.member]
		file = client.upload(plan.file_name, pdfs.made_of(plan.texts))
		scan = Scan(plan, client.submit_flow(**plan.arguments(file)), client)
		scan.look()
		scans.append(scan)
	return scans


@dataclass
class Merged(Written):
	"""The merged text of a scan; its rows are its pages."""

	text: str = ""
	unit = "pages"

	@property
	def is_whole(self) -> bool:
		return self.text.splitlines() == list(self.job.plan.texts) and self.path.is_file()


def merged_files(jobs: list[Job], site: Path) -> list[Written]:
	"""The texts of the scans that are Completed, as their members download them."""
	files: list[Written] = []
	for job in jobs:
		if isinstance(job.plan, ScanPlan) and job.status == "Completed":
			url = job.state["output_reference"]
			content = job.client.download(url)
			text, path = content.decode(), site / url.lstrip("/")
			files.append(Merged(job, path, len(content), len(text.splitlines()), len(job.plan.texts), text))
	return files

"""The files that exports wrote, as their members download them, and whether every row is in them."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from openpyxl import load_workbook

from demo.jobs import Job


@dataclass
class Written:
	"""One export: what the file holds, and how many rows it should."""

	job: Job
	path: Path
	size: int
	rows: int
	expected_rows: int
	unit = "rows"

	@property
	def is_whole(self) -> bool:
		return self.rows == self.expected_rows == self.job.state["result"]["rows"] and self.path.is_file()


def written_files(jobs: list[Job], site: Path, people: dict[str, int]) -> list[Written]:
	exports = [job for job in jobs if job.plan.is_export and job.status == "Completed"]
	return [read(job, site, people[job.plan.organization.name]) for job in exports]


def read(job: Job, site: Path, expected_rows: int) -> Written:
	"""Download the file through the API and count its rows, one for each person of the organization."""
	url = job.state["output_reference"]
	content = job.client.download(url)
	rows = ROWS[Path(url).suffix](content) - 1
	return Written(job, site / url.lstrip("/"), len(content), rows, expected_rows)


def csv_rows(content: bytes) -> int:
	return sum(1 for _ in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def xlsx_rows(content: bytes) -> int:
	book = load_workbook(io.BytesIO(content), read_only=True)
	try:
		return sum(1 for _ in book.active.iter_rows(values_only=True))
	finally:
		book.close()


ROWS = {".csv": csv_rows, ".xlsx": xlsx_rows}

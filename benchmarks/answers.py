"""What a question is answered with, and where answers are kept for the report."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
RESULTS = CHECKOUT / "benchmarks" / "results"
# modules of this package, in the order in which they are asked
QUESTIONS = (
	"submit",
	"bulk",
	"flows",
	"throughput",
	"promises",
	"start_latency",
	"due_starts",
	"neighbour",
	"progress",
	"statements",
	"systems",
	"scale",
	"steady",
)


@dataclass
class Comparison:
	"""The median of one label against that of another, and what it has to be, if anything was promised."""

	of: str
	against: str
	at_least: float | None = None
	at_most: float | None = None

	def ratio(self, samples: dict[str, list[float]]) -> float:
		return median(samples[self.of]) / median(samples[self.against])

	def is_reached(self, samples: dict[str, list[float]]) -> bool | None:
		"""None where nothing was promised."""
		ratio = self.ratio(samples)
		if self.at_least is not None:
			return ratio >= self.at_least
		return None if self.at_most is None else ratio <= self.at_most


@dataclass
class Answer:
	"""Samples by what was measured, in the order of the table, all of one unit."""

	title: str
	unit: str
	samples: dict[str, list[float]]
	comparisons: list[Comparison] = field(default_factory=list)
	# a floor that was promised for the median of a label
	floors: dict[str, float] = field(default_factory=dict)
	notes: list[str] = field(default_factory=list)

	@classmethod
	def parse(cls, stored: dict[str, Any]) -> "Answer":
		comparisons = [Comparison(**comparison) for comparison in stored["comparisons"]]
		return cls(**{**stored, "comparisons": comparisons})


def store(path: Path, question: str, answers: list[Answer], circumstances: dict[str, Any]) -> None:
	"""Put the answers to one question beside those that are there."""
	results = load(path)
	results[question] = {"circumstances": circumstances, "answers": [asdict(answer) for answer in answers]}
	path.parent.mkdir(parents=True, exist_ok=True)
	path.write_text(json.dumps(results, indent=1) + "\n")


def load(path: Path) -> dict[str, Any]:
	"""`{question: {circumstances: {...}, answers: [...]}}`; nothing where nothing was measured."""
	return json.loads(path.read_text()) if path.exists() else {}

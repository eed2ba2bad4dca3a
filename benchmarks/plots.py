"""One SVG for each answer: bars of medians with their range, or lines over the rows of a table."""

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

from benchmarks.answers import Answer

# the same file from the same numbers
matplotlib.rcParams["svg.hashsalt"] = "dartwing"
# questions whose labels are `<what>, <where on the axis>`: its name and scale
AXES = {"scale": ("rows of ended jobs", "log"), "steady": ("minutes", "linear")}
OURS, THEIRS = "#2b6cb0", "#a0aec0"


def draw(results: dict[str, dict[str, Any]], folder: Path) -> list[Path]:
	"""`<runtime>-<question>-<number>.svg` for every answer; returns the files."""
	folder.mkdir(parents=True, exist_ok=True)
	files = []
	for runtime, questions in results.items():
		for question, stored in questions.items():
			for number, answer in enumerate(map(Answer.parse, stored["answers"])):
				files.append(folder / f"{runtime}-{question}-{number}.svg")
				if question in AXES:
					lines(answer, files[-1], *AXES[question])
				else:
					bars(answer, files[-1])
	return files


def bars(answer: Answer, file: Path) -> None:
	labels = list(answer.samples)
	medians = [median(values) for values in answer.samples.values()]
	below = [middle - min(values) for middle, values in zip(medians, answer.samples.values(), strict=True)]
	above = [max(values) - middle for middle, values in zip(medians, answer.samples.values(), strict=True)]
	figure, axes = pyplot.subplots(figsize=(9, 0.8 + 0.42 * len(labels)))
	colors = [OURS if is_ours(label) else THEIRS for label in labels]
	axes.barh(labels, medians, xerr=[below, above], color=colors, ecolor="#4a5568", capsize=2)
	axes.invert_yaxis()
	axes.set_xlabel(f"{answer.unit} (median, lowest to highest)")
	save(figure, axes, file)


def lines(answer: Answer, file: Path, along: str, scale: str) -> None:
	series: dict[str, dict[float, float]] = {}
	for label, values in answer.samples.items():
		name, _comma, at = label.rpartition(", ")
		series.setdefault(name, {})[float(at)] = median(values)
	figure, axes = pyplot.subplots(figsize=(9, 7))
	for number, (name, points) in enumerate(series.items()):
		axes.plot(
			list(points),
			list(points.values()),
			marker="osD^v"[number % 5],
			markersize=4,
			label=name,
			linewidth=1,
		)
	axes.set_xscale(scale)
	axes.set_yscale("log")
	axes.set_xlabel(along)
	axes.set_ylabel(f"{answer.unit} (median)")
	axes.legend(fontsize=6.5, loc="center left", bbox_to_anchor=(1, 0.5))
	save(figure, axes, file)


def is_ours(label: str) -> bool:
	return label.startswith(("Dartwing", "submit_job", "update_progress", "is_canceled", "behind"))


def save(figure: Any, axes: Any, file: Path) -> None:
	axes.spines[["top", "right"]].set_visible(False)
	axes.grid(axis="both", color="#e2e8f0", linewidth=0.6)
	axes.set_axisbelow(True)
	figure.savefig(file, bbox_inches="tight", metadata={"Date": None})
	pyplot.close(figure)

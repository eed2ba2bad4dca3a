"""docs/benchmarks.md from the results: `python -m benchmarks.report`."""

import argparse
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.answers import CHECKOUT, QUESTIONS, RESULTS, Answer, Comparison, load
from benchmarks.plots import draw

TITLES = {"frappe-v15": "On Frappe v15", "frappe-v16": "On Frappe v16", "benchless": "On benchless"}
INTRODUCTION = """# Benchmarks

What the engine costs and gives, each figure beside that of what one would do without it. This page is made
by `python -m benchmarks.report` from what was measured; nobody writes a number into it.

Read the **ratios**. What is compared was measured in turn in one run, on the same services (A B A B …), and
the tables give medians. The machine was shared with other work meanwhile (see the load), so absolute figures
are lower than a quiet machine's, and differ from run to run. Everything has its default settings unless a
note says otherwise.

## Repeat it

```
make bench-report                      # on benchless
make bench-report BENCH=… SITE=…       # on a site of a real bench; take one without jobs that matter
make bench-report QUICK=1              # small sizes; the report goes to .benchless/benchmarks
```

One question alone, with the interpreter of the bench or of benchless: `python -m benchmarks.throughput`.
Stock workers are started and stopped by the run, with a queue Redis of their own. The other systems are
installed into a virtualenv from `benchmarks/requirements.txt`; Procrastinate needs PostgreSQL's programs
(Debian: `apt-get install postgresql`) and is left out where there are none.
"""


def main() -> None:
	arguments = _arguments()
	target = Path(arguments.target)
	results = {path.stem: load(path) for path in sorted(Path(arguments.results).glob("*.json"))}
	target.mkdir(parents=True, exist_ok=True)
	images = draw(results, target / "images" / "benchmarks")
	(target / "benchmarks.md").write_text(page(results, {path.stem: path.name for path in images}))
	print(f"written: {target / 'benchmarks.md'} and {len(images)} plots")


def page(results: dict[str, dict[str, Any]], images: dict[str, str]) -> str:
	"""The whole page; `images` names the files of plots by runtime and question."""
	parts = [INTRODUCTION]
	# Frappe first: it is what counts
	for runtime in sorted(results, key=list(TITLES).index):
		parts.append(f"## {TITLES[runtime]}\n")
		parts.append(promises(results[runtime]))
		missing = [question for question in QUESTIONS if question not in results[runtime]]
		if missing:
			parts.append(f"Not measured here: {', '.join(missing)}.\n")
		for question, stored in results[runtime].items():
			for number, one in enumerate(map(Answer.parse, stored["answers"])):
				parts.append(f"### {one.title}\n")
				image = images.get(f"{runtime}-{question}-{number}")
				if image:
					parts.append(f"![{one.title}](images/benchmarks/{image})\n")
				parts.append(table(one) + "\n")
				parts += [f"{note}\n" for note in one.notes]
			parts.append(f"{measured_under(stored['circumstances'])}\n")
		parts.append(machine(results[runtime]))
	return "\n".join(parts)


def table(answer: Answer) -> str:
	"""Of one answer: median, range and number of samples, and the ratios."""
	rows = [f"| | median ({answer.unit}) | lowest to highest | samples |", "| --- | ---: | ---: | ---: |"]
	for label, values in answer.samples.items():
		spread = f"{number(min(values))} to {number(max(values))}"
		rows.append(f"| {label} | {number(median(values))} | {spread} | {len(values)} |")
	if answer.comparisons:
		rows += ["", "| ratio of medians | | promised |", "| --- | ---: | --- |"]
		rows += [
			f"| {one.of} : {one.against} | {number(one.ratio(answer.samples))} | {promise(one, answer)} |"
			for one in answer.comparisons
			if median(answer.samples[one.against])
		]
	return "\n".join(rows)


def promises(results: dict[str, Any]) -> str:
	"""All that was promised, on top of the page."""
	rows = ["| promised | at least / at most | measured | |", "| --- | ---: | ---: | --- |"]
	for stored in results.values():
		size = stored["circumstances"]["size"]
		remark = "" if size == "full" else f" ({size} sizes)"
		for answer in map(Answer.parse, stored["answers"]):
			rows += [
				f"| {answer.title}{remark}: {label} | ≥ {floor} {answer.unit} | "
				f"{number(median(answer.samples[label]))} | {yes(median(answer.samples[label]) >= floor)} |"
				for label, floor in answer.floors.items()
			]
			rows += [
				f"| {answer.title}{remark}: {one.of} : {one.against} | {bound(one)} | "
				f"{number(one.ratio(answer.samples))} | {yes(one.is_reached(answer.samples))} |"
				for one in answer.comparisons
				if one.is_reached(answer.samples) is not None
			]
	return "\n".join(rows) + "\n"


def bound(comparison: Comparison) -> str:
	if comparison.at_least is not None:
		return f"≥ {number(comparison.at_least)} x"
	return f"≤ {number(comparison.at_most or 0)} x"


def promise(comparison: Comparison, answer: Answer) -> str:
	reached = comparison.is_reached(answer.samples)
	return "" if reached is None else f"{bound(comparison)}: {yes(reached)}"


def yes(reached: bool | None) -> str:
	return "reached" if reached else "**missed**"


def number(value: float) -> str:
	"""Three digits that count."""
	if value >= 100:
		return f"{value:.0f}"
	return f"{value:.3g}"


def measured_under(circumstances: dict[str, Any]) -> str:
	load = ", ".join(str(value) for value in circumstances["load_average"])
	sizes = ", ".join(f"{name} {value}" for name, value in circumstances["sizes"].items())
	return (
		f"_Measured {circumstances['at']} at commit {circumstances['commit']}; {circumstances['size']} sizes "
		f"({sizes}); load average before (1, 5, 15 minutes): {load}._"
	)


def machine(results: dict[str, Any]) -> str:
	machines = [stored["circumstances"]["machine"] for stored in results.values()]
	rows = ["### Machine and versions\n", "| | |", "| --- | --- |"]
	for name in machines[-1] if machines else ():
		values = {str(one[name]) for one in machines}
		rows.append(f"| {name} | {'; '.join(sorted(values))} |")
	return "\n".join(rows) + "\n"


def _arguments() -> argparse.Namespace:
	parser = argparse.ArgumentParser()
	parser.add_argument("--results", default=str(RESULTS))
	parser.add_argument("--target", default=str(CHECKOUT / "docs"), help="folder of the page and its images")
	return parser.parse_args()


if __name__ == "__main__":
	main()

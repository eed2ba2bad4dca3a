"""From the command line: `python -m benchmarks.<question> [--quick]`, `python -m benchmarks [question …]`."""

import argparse
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import frappe

from benchmarks.answers import QUESTIONS, RESULTS, Answer, store
from benchmarks.lab import Lab, open_lab
from benchmarks.machine import circumstances
from benchmarks.report import table


def ask(*questions: str) -> None:
	"""Answer the questions one after the other, each kept as soon as it is there."""
	arguments = _arguments(questions)
	size = "quick" if arguments.quick else "full"
	results = Path(arguments.results or RESULTS).resolve()
	with open_lab() as lab:
		path = results / f"{runtime_name()}.json"
		for question in arguments.questions:
			print(f"{question} …", flush=True)
			module = importlib.import_module(f"benchmarks.{question}")
			sizes = module.SIZES[size]
			around = circumstances(size, sizes)
			answers = answer(module, lab, size)
			store(path, question, answers, around)
			show(answers)


def runtime_name() -> str:
	"""Under which name answers are kept: each version of Frappe has its own."""
	if not os.environ.get("BENCH"):
		return "benchless"
	return f"frappe-v{frappe.__version__.partition('.')[0]}"


def answer(module: ModuleType, lab: Lab, size: str) -> Sequence[Answer]:
	"""The answers of a question's module, measured without jobs before or after."""
	lab.clear()
	try:
		return module.measure(lab, **module.SIZES[size])
	finally:
		lab.clear()


def show(answers: Sequence[Answer]) -> None:
	for one in answers:
		print(f"\n{one.title}\n{table(one)}\n", flush=True)


def _arguments(questions: Sequence[str]) -> argparse.Namespace:
	parser = argparse.ArgumentParser()
	parser.add_argument("questions", nargs="*", default=questions, help=", ".join(QUESTIONS))
	parser.add_argument("--quick", action="store_true", help="small sizes: a few minutes in all")
	parser.add_argument("--results", help="folder of the results instead of benchmarks/results")
	return parser.parse_args()

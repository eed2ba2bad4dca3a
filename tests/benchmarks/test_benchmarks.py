"""The benchmarks still run, with sizes that say nothing about speed."""

import importlib
import json
import sys
from pathlib import Path
from unittest.mock import patch

import frappe
import pytest
from factories import submit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import report
from benchmarks.answers import QUESTIONS, Answer, Comparison, load, store
from benchmarks.asking import answer
from benchmarks.lab import NOTHING, Lab
from benchmarks.machine import circumstances
from benchmarks.throughput import Ours, bare_rate_of


@pytest.fixture(scope="module")
def lab(runtime, world, tmp_path_factory):
	lab = Lab(runtime, tmp_path_factory.mktemp("lab"))
	lab.create()
	try:
		yield lab
	finally:
		lab.remove()


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_answered_and_reported(lab, question, tmp_path):
	module = importlib.import_module(f"benchmarks.{question}")
	assert set(module.SIZES) == {"full", "quick", "tiny"}
	answers = answer(module, lab, "tiny")
	assert answers
	for one in answers:
		assert all(values and all(value >= 0 for value in values) for values in one.samples.values())
	path = tmp_path / "benchless.json"
	store(path, question, answers, circumstances("tiny", module.SIZES["tiny"]))
	drawn = report.draw({"benchless": load(path)}, tmp_path / "images")
	assert [image.name for image in drawn] == [f"benchless-{question}-{n}.svg" for n in range(len(answers))]
	assert all("</svg>" in image.read_text() for image in drawn)
	page = report.page({"benchless": load(path)}, {})
	for one in answers:
		assert f"### {one.title}" in page
		assert all(f"| {label} | " in page for label in one.samples)


def test_a_rate_is_counted_from_its_own_jobs_only(lab, world):
	"""The site had jobs before: some have ended long ago, others still wait."""
	lab.clear()
	of_others = [submit(world.bob, world.beta, n=number).name for number in range(2)]
	long_ago = {"started_at": "2026-01-01 00:00:00", "completed_at": "2026-01-01 00:00:01"}
	frappe.db.set_value("Background Job", of_others[0], {"status": "Completed", **long_ago})
	frappe.db.commit()
	with patch.object(Lab, "clear", lambda _lab: None):
		jobs = Ours(lab, NOTHING, 3)
		assert (jobs.done(), jobs.ends()) == (0, [])
		rate = bare_rate_of(lab, 1, 20, jobs, "dartwing.tests.benchmarked.do_nothing")()
	assert jobs.done() == 3
	began, ended = min(jobs.starts()), max(jobs.ends())
	assert rate == pytest.approx(3 / (ended - began))
	assert ended - began < 3600
	assert frappe.db.get_value("Background Job", of_others[1], "status") == "Queued"


def some_answer() -> Answer:
	samples = {"ours": [10.0, 30.0, 20.0], "theirs": [4.0, 4.0, 5.0]}
	comparisons = [Comparison("ours", "theirs", at_least=5), Comparison("theirs", "ours", at_most=0.3)]
	return Answer("Speed", "jobs/s", samples, comparisons, floors={"ours": 20.0, "theirs": 6.0})


def test_ratios_are_of_medians_and_promises_are_judged():
	ratios = [one.ratio(some_answer().samples) for one in some_answer().comparisons]
	assert ratios == [5, 0.2]
	assert [one.is_reached(some_answer().samples) for one in some_answer().comparisons] == [True, True]
	assert Comparison("ours", "theirs", at_least=5.1).is_reached(some_answer().samples) is False
	assert Comparison("ours", "theirs").is_reached(some_answer().samples) is None


def test_a_missed_floor_is_said_on_top(tmp_path):
	path = tmp_path / "frappe-v15.json"
	around = {"at": "now", "commit": "abc", "size": "tiny", "sizes": {}, "load_average": [1], "machine": {}}
	store(path, "speed", [some_answer()], around)
	page = report.page({"frappe-v15": load(path)}, {"frappe-v15-speed-0": "frappe-v15-speed-0.svg"})
	assert "| Speed (tiny sizes): theirs | ≥ 6.0 jobs/s | 4 | **missed** |" in page
	assert "| Speed (tiny sizes): ours | ≥ 20.0 jobs/s | 20 | reached |" in page
	assert "(images/benchmarks/frappe-v15-speed-0.svg)" in page
	assert f"Not measured here: {', '.join(QUESTIONS)}." in page


def test_answers_to_other_questions_are_kept(tmp_path):
	path = tmp_path / "frappe-v15.json"
	store(path, "one", [some_answer()], {})
	store(path, "two", [some_answer()], {})
	assert list(load(path)) == ["one", "two"]
	assert json.loads(path.read_text())["one"]["answers"][0]["title"] == "Speed"

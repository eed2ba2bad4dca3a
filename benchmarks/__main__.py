"""Ask all questions, on one site, in one run."""

from benchmarks.answers import QUESTIONS
from benchmarks.asking import ask

ask(*QUESTIONS)

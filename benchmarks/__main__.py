"""Ask all questions, on one site, in one run."""

from benchmarks.asking import QUESTIONS, ask

ask(*QUESTIONS)

"""Side-by-side measurements: one module for each question, one command each.

`python -m benchmarks` asks them all, `python -m benchmarks.throughput` one; docs/benchmarks.md is made
from the results by `python -m benchmarks.report`.
"""

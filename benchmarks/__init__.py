"""Side-by-side measurements: one module for each question, one command each.

`python -m benchmarks` asks them all, `python -m benchmarks.throughput` one; docs/benchmarks.md is made
from the results by `python -m benchmarks.report`.
"""

import sys
from pathlib import Path

# the runtimes and factories of the tests, for modules that are started by themselves
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

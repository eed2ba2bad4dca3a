"""Measure one other system: `python -m benchmarks.others.drive with_celery 1000` prints its rates as JSON."""

import importlib
import json
import subprocess
import sys
import time
from types import ModuleType


def main() -> None:
	module = importlib.import_module(f"benchmarks.others.{sys.argv[1]}")
	if hasattr(module, "prepare"):
		module.prepare()
	worker = subprocess.Popen([sys.executable, *module.WORKER], stdout=sys.stderr)
	try:
		# the worker is there, and has imported what it imports
		rates(module, 5)
		print(json.dumps(rates(module, int(sys.argv[2]))))
	finally:
		worker.terminate()
		try:
			worker.wait(20)
		except subprocess.TimeoutExpired:
			worker.kill()


def rates(module: ModuleType, jobs: int) -> dict[str, float]:
	"""Jobs a second: sent, and from the first one's sending to the last one's end."""
	began = time.perf_counter()
	module.submit(jobs)
	sent = time.perf_counter()
	module.wait(jobs)
	ended = time.perf_counter()
	return {"sent": jobs / (sent - began), "ended": jobs / (ended - began)}


if __name__ == "__main__":
	main()

"""On what was measured."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import frappe
import redis
import rq
from frappe.utils.background_jobs import get_redis_conn

SERVER_SETTINGS = ("version", "innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit")
WRITTEN_BY_RUNS = (":(top,exclude)benchmarks/results", ":(top,exclude)docs")


def circumstances(size: str, sizes: dict[str, Any]) -> dict[str, Any]:
	"""When, at which commit and how large one question was measured, and how busy the machine was."""
	return {
		"at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
		"commit": commit(),
		"size": size,
		"sizes": sizes,
		"load_average": [round(load, 2) for load in os.getloadavg()],
		"machine": machine(),
	}


def machine() -> dict[str, Any]:
	return {
		"processor": processor(),
		"cores": os.cpu_count(),
		"memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
		"system": f"{platform.system()} {platform.release()}",
		"python": platform.python_version(),
		"frappe": getattr(frappe, "__version__", "benchless"),
		"rq": rq.VERSION,
		"redis_py": redis.__version__,
		"redis": get_redis_conn().info("server")["redis_version"],
		"mariadb": dict(frappe.db.sql("show global variables where variable_name in %s", (SERVER_SETTINGS,))),
	}


def processor() -> str:
	info = Path("/proc/cpuinfo")
	lines = info.read_text().splitlines() if info.exists() else []
	names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
	return names[0] if names else platform.processor()


def commit() -> str:
	"""With "-dirty" behind it where other files differ from it than those that the run itself writes."""
	name = git("describe", "--always")
	changes = git("status", "--porcelain", "--", ":/", *WRITTEN_BY_RUNS)
	return f"{name}-dirty" if changes else name or "unknown"


def git(*arguments: str) -> str:
	command = ["git", *arguments]
	done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
	return done.stdout.strip()

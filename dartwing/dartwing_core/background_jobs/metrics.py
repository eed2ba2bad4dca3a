"""How jobs are doing, in figures; they are made in `insight/figures.py`."""

from dartwing.dartwing_core.background_jobs.insight.figures import get_failure_rate, get_metrics

__all__ = ["get_failure_rate", "get_metrics"]

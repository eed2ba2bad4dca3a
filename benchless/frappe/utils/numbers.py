"""Lenient numbers: what cannot be read is 0, never an error."""

from typing import Any


def cint(s: Any) -> int:
	for read in (int, lambda value: int(float(value))):
		try:
			return read(s)
		except (TypeError, ValueError, OverflowError):
			continue
	return 0


def flt(s: Any) -> float:
	"""A float; thousands commas in text are ignored."""
	try:
		return float(s.replace(",", "") if isinstance(s, str) else s)
	except (TypeError, ValueError, OverflowError):
		return 0.0


def sbool(x: Any) -> Any:
	"""True for "true" and "1", False for "false" and "0" in any case; everything else as it is."""
	if not isinstance(x, str):
		return x
	return {"true": True, "1": True, "false": False, "0": False}.get(x.lower(), x)

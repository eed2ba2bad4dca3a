"""Lenient numbers: what cannot be read is 0, never an error."""

import math
from typing import Any

import frappe


def cint(s: Any, default: int = 0) -> int:
	for read in (int, lambda value: int(float(value))):
		try:
			return read(s)
		except (TypeError, ValueError, OverflowError):
			continue
	return default


def flt(s: Any, precision: int | None = None, rounding_method: str | None = None) -> float:
	"""A float; thousands commas in text are ignored. `precision` rounds as `rounded` does."""
	if isinstance(s, str):
		s = s.replace(",", "")
	try:
		number = float(s)
		return number if precision is None else rounded(number, precision, rounding_method)
	except (TypeError, ValueError, OverflowError):
		return 0.0


def rounded(num, precision=0, rounding_method=None):
	"""Round by the site's rounding method; half to even at whole numbers unless set otherwise."""
	precision = cint(precision)
	method = rounding_method or frappe.get_system_settings("rounding_method") or "Banker's Rounding (legacy)"
	if method not in ROUNDING:
		frappe.throw(f"Unknown Rounding Method: {method}", exc=frappe.ValidationError)
	return ROUNDING[method](num, precision)


def round_bankers_legacy(num, precision):
	scale = 10**precision
	scaled = round(num * scale, 8)
	whole = math.floor(scaled)
	# half to even only without decimals: with decimals this method rounds half up
	half = whole + 1 if precision or whole % 2 else whole
	result = half if scaled - whole == 0.5 else round(scaled)
	return result / scale if precision else result


def round_bankers(num, precision):
	scale = 10**precision
	scaled = round(num * scale, 12)
	if scaled == 0:
		return 0.0
	whole = math.floor(scaled)
	is_half = abs(scaled - whole - 0.5) < smallest_step(scaled)
	return (whole + whole % 2 if is_half else round(scaled)) / scale


def round_commercially(num, precision):
	if num == 0:
		return 0.0
	return round(num + math.copysign(smallest_step(num), num), precision)


def smallest_step(num) -> float:
	"""The distance to the next float of this size."""
	return 2.0 ** (math.log2(abs(num)) - 52)


ROUNDING = {
	"Banker's Rounding (legacy)": round_bankers_legacy,
	"Banker's Rounding": round_bankers,
	"Commercial Rounding": round_commercially,
}


def sbool(x: Any) -> Any:
	"""True for "true" and "1", False for "false" and "0" in any case; everything else as it is."""
	if not isinstance(x, str):
		return x
	return {"true": True, "1": True, "false": False, "0": False}.get(x.lower(), x)

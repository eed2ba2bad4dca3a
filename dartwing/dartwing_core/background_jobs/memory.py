"""What a process remembers for some seconds, of each site for itself."""

import time
from typing import Any, Generic, TypeVar

import frappe

Value = TypeVar("Value")


class Memory(Generic[Value]):
	"""Values by key, of the current site, each for so many seconds. Threads may share one.

	If it would hold more than `most`, it forgets all: what is remembered can always be asked again.
	"""

	def __init__(self, seconds: float, most: int = 10_000) -> None:
		self._seconds, self._most = seconds, most
		self._values: dict[tuple[str, Any], tuple[Value, float]] = {}

	def __contains__(self, key: Any) -> bool:
		_value, until = self._values.get((frappe.local.site, key), (None, 0.0))
		return time.monotonic() < until

	def values(self) -> dict[Any, Value]:
		"""All that it remembers of the current site."""
		now, site = time.monotonic(), frappe.local.site
		return {
			key: value
			for (of, key), (value, until) in list(self._values.items())
			if of == site and now < until
		}

	def get(self, key: Any, default: Value | None = None) -> Value | None:
		value, until = self._values.get((frappe.local.site, key), (default, 0.0))
		return value if time.monotonic() < until else default

	def put(self, key: Any, value: Value) -> None:
		if len(self._values) >= self._most:
			self.forget()
		self._values[frappe.local.site, key] = (value, time.monotonic() + self._seconds)

	def forget(self) -> None:
		"""Forget what is remembered of all sites."""
		self._values = {}

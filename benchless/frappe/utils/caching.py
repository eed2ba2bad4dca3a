"""Decorators that remember a function's result: for the request, in this process, or in Redis."""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps

import frappe

SITE_CACHE: dict = defaultdict(dict)


def key_of(args: tuple, kwargs: dict) -> int:
	return hash((args, frozenset(kwargs.items()))) if kwargs else hash(args)


def request_cache(func: Callable) -> Callable:
	"""Remember results until the request or job ends; unhashable arguments are not remembered."""

	@wraps(func)
	def wrapper(*args, **kwargs):
		if not getattr(frappe.local, "initialised", None):
			return func(*args, **kwargs)
		try:
			key = key_of(args, kwargs)
		except TypeError:
			return func(*args, **kwargs)
		if not hasattr(frappe.local, "request_cache"):
			frappe.local.request_cache = defaultdict(dict)
		known = frappe.local.request_cache[func]
		if key not in known:
			known[key] = func(*args, **kwargs)
		return known[key]

	return wrapper


def site_cache(ttl: int | None = None) -> Callable:
	"""Remember results per site in this process, for `ttl` seconds."""

	def decorate(func: Callable) -> Callable:
		expires = [0.0]

		@wraps(func)
		def wrapper(*args, **kwargs):
			if not getattr(frappe.local, "initialised", None):
				return func(*args, **kwargs)
			if ttl is not None and time.monotonic() >= expires[0]:
				SITE_CACHE[func].clear()
				expires[0] = time.monotonic() + ttl
			key = (frappe.local.site, key_of(args, kwargs))
			if key not in SITE_CACHE[func]:
				SITE_CACHE[func][key] = func(*args, **kwargs)
			return SITE_CACHE[func][key]

		wrapper.clear_cache = lambda: SITE_CACHE[func].clear()
		return wrapper

	return decorate


def redis_cache(ttl: int | None = 3600) -> Callable:
	"""Remember results in Redis for `ttl` seconds."""

	def decorate(func: Callable) -> Callable:
		func_key = f"{func.__module__}.{func.__qualname__}"
		func.clear_cache = lambda: frappe.cache.delete_keys(func_key)

		@wraps(func)
		def wrapper(*args, **kwargs):
			key = f"{func_key}::{key_of(args, kwargs)}"
			if frappe.cache.exists(key):
				return frappe.cache.get_value(key)
			value = func(*args, **kwargs)
			frappe.cache.set_value(key, value, expires_in_sec=ttl)
			return value

		return wrapper

	return decorate

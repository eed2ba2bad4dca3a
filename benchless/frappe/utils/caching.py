"""Decorators that remember a function's result per request, per process or in Redis."""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps

import frappe

_SITE_CACHE: dict = defaultdict(lambda: defaultdict(dict))


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


def site_cache(ttl: int | Callable | None = None, maxsize: int | None = None) -> Callable:
	"""Remember results per site in this process, for `ttl` seconds, at most `maxsize` of them."""
	if callable(ttl):
		return site_cache()(ttl)

	def decorate(func: Callable) -> Callable:
		func_key = f"{func.__module__}.{func.__name__}"
		func.clear_cache = lambda: _SITE_CACHE[func_key].clear()
		expires = [time.monotonic() + ttl] if ttl is not None else None

		@wraps(func)
		def wrapper(*args, **kwargs):
			if not getattr(frappe.local, "initialised", None):
				return func(*args, **kwargs)
			if expires and time.monotonic() >= expires[0]:
				func.clear_cache()
				expires[0] = time.monotonic() + ttl
			known = _SITE_CACHE[func_key][frappe.local.site]
			key = json.dumps((args, kwargs))
			if maxsize is not None and len(known) >= maxsize:
				known.pop(next(iter(known)), None)
			if key not in known:
				known[key] = func(*args, **kwargs)
			return known[key]

		return wrapper

	return decorate


def redis_cache(ttl: int | Callable | None = 3600, user=None, shared: bool = False) -> Callable:
	"""Remember results in Redis for `ttl` seconds, per user with `user=True`."""
	if callable(ttl):
		return redis_cache()(ttl)

	def decorate(func: Callable) -> Callable:
		func_key = f"{func.__module__}.{func.__qualname__}"
		func.clear_cache = lambda: frappe.cache.delete_keys(func_key)

		@wraps(func)
		def wrapper(*args, **kwargs):
			key = f"{func_key}::{key_of(args, kwargs)}"
			if frappe.cache.exists(key, user=user, shared=shared):
				return frappe.cache.get_value(key, user=user, shared=shared)
			value = func(*args, **kwargs)
			frappe.cache.set_value(key, value, expires_in_sec=ttl, user=user, shared=shared)
			return value

		return wrapper

	return decorate

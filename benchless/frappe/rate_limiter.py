"""Rate limits: of the whole site by processing time (`rate_limit` in the config), of one method by calls."""

from collections.abc import Callable
from datetime import datetime, timezone
from functools import wraps

import frappe
from frappe import _
from frappe.utils import cint, now_datetime
from werkzeug.wrappers import Response

MICROSECONDS = 1_000_000


def apply():
	"""Refuse the request with 429 when the site has used up its time in this window."""
	configured = frappe.conf.rate_limit
	if configured:
		frappe.local.rate_limiter = RateLimiter(configured["limit"], configured["window"])
		frappe.local.rate_limiter.apply()


def update():
	if hasattr(frappe.local, "rate_limiter"):
		frappe.local.rate_limiter.update()


def respond():
	if hasattr(frappe.local, "rate_limiter"):
		return frappe.local.rate_limiter.respond()
	return None


class RateLimiter:
	"""`limit` seconds of processing per `window` seconds; counted in microseconds in the cache."""

	def __init__(self, limit, window):
		self.limit = int(limit * MICROSECONDS)
		self.window = window
		self.start = datetime.now(timezone.utc)
		number, spent = divmod(int(now_datetime().timestamp()), window)
		self.reset = window - spent
		self.key = frappe.cache.make_key(f"rate-limit-counter-{number}")
		self.counter = cint(frappe.cache.get(self.key))
		self.remaining = max(self.limit - self.counter, 0)
		self.duration = None
		self.rejected = False

	def apply(self):
		if self.counter > self.limit:
			self.rejected = True
			raise frappe.TooManyRequestsError

	def update(self):
		self.record_request_end()
		pipeline = frappe.cache.pipeline()
		pipeline.incrby(self.key, self.duration)
		pipeline.expire(self.key, self.window)
		pipeline.execute()

	def headers(self) -> dict:
		self.record_request_end()
		headers = {
			"X-RateLimit-Reset": self.reset,
			"X-RateLimit-Limit": self.limit,
			"X-RateLimit-Remaining": self.remaining,
		}
		if self.rejected:
			headers["Retry-After"] = self.reset
		else:
			headers["X-RateLimit-Used"] = self.duration
		return headers

	def record_request_end(self):
		if self.duration is None:
			elapsed = datetime.now(timezone.utc) - self.start
			self.duration = int(elapsed.total_seconds() * MICROSECONDS)

	def respond(self) -> Response | None:
		return Response(_("Too Many Requests"), status=429) if self.rejected else None


def rate_limit(
	key: str | None = None,
	limit: int | Callable = 5,
	seconds: int = 24 * 60 * 60,
	methods: str | list = "ALL",
	ip_based: bool = True,
):
	"""Allow `limit` calls per `seconds` of a whitelisted method for each caller.

	A caller is an address, the value of the form field `key`, or both. The count is kept in the cache;
	it starts with the first call. Without a request nothing is counted.
	"""

	def decorate(fn):
		@wraps(fn)
		def wrapper(*args, **kwargs):
			if frappe.request and (methods == "ALL" or frappe.request.method.upper() in methods):
				allowed = limit() if callable(limit) else limit
				if count_call(key, ip_based, seconds) > allowed:
					frappe.throw(
						_("You hit the rate limit because of too many requests. Please try after sometime."),
						frappe.RateLimitExceededError,
					)
			return fn(*args, **kwargs)

		return wrapper

	return decorate


def count_call(key: str | None, ip_based: bool, seconds: int) -> int:
	"""Which call of this caller this one is, in the current window."""
	address = frappe.local.request_ip if ip_based is True else None
	value = frappe.form_dict.get(key, "")
	identity = f"{address}:{value}" if key and ip_based else address or value
	if not identity:
		frappe.throw(_("Either key or IP flag is required."))
	cache_key = frappe.cache.make_key(f"rl:{frappe.form_dict.cmd}:{identity}")
	if not cint(frappe.cache.get(cache_key)):
		frappe.cache.setex(cache_key, seconds, 0)
	return frappe.cache.incrby(cache_key, 1)

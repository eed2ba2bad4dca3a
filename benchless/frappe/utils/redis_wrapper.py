"""`frappe.cache`: a Redis client whose keys carry the site's database name.

Values are pickled and also kept in `frappe.local.cache` for the rest of the request. Without
Redis reads miss, writes are forgotten, and nothing raises; the methods that are passed on
to redis-py (lists, sets, counters) do raise.
"""

import pickle
from contextlib import suppress
from typing import Any

import frappe
import redis
from frappe._api.unsupported import refuse
from redis.exceptions import ConnectionError as RedisDown


class RedisWrapper(redis.Redis):
	def __call__(self) -> "RedisWrapper":
		return self

	def connected(self) -> bool:
		try:
			return bool(self.ping())
		except RedisDown:
			return False

	def make_key(self, key, user=None, shared=False):
		if shared:
			return key
		if user:
			key = f"user:{frappe.session.user if user is True else user}:{key}"
		return f"{frappe.conf.db_name}|{key}".encode()

	def set_value(self, key, val, user=None, expires_in_sec=None, shared=False) -> None:
		full_key = self.make_key(key, user, shared)
		if not expires_in_sec:
			frappe.local.cache[full_key] = val
		with suppress(RedisDown):
			self.set(full_key, pickle.dumps(val), ex=expires_in_sec or None)

	def get_value(self, key, generator=None, user=None, expires=False, shared=False) -> Any:
		"""The value, or what `generator` makes and stores. `expires` keeps it out of local.cache."""
		full_key = self.make_key(key, user, shared)
		if full_key in frappe.local.cache:
			return frappe.local.cache[full_key]
		value = None
		with suppress(RedisDown):
			stored = self.get(full_key)
			value = pickle.loads(stored) if stored is not None else None
		if expires:
			return value
		if value is None and generator:
			value = generator()
			self.set_value(key, value, user=user)
		else:
			frappe.local.cache[full_key] = value
		return value

	def get_all(self, key):
		raise refuse("frappe.cache.get_all")

	def get_keys(self, key) -> list[bytes]:
		"""Full keys that start with `key`."""
		prefix = self.make_key(key)
		try:
			return self.keys(prefix + b"*")
		except RedisDown:
			return [
				full for full in frappe.local.cache if isinstance(full, bytes) and full.startswith(prefix)
			]

	def delete_keys(self, key) -> None:
		self.delete_value(self.get_keys(key), make_keys=False)

	def delete_key(self, *args, **kwargs) -> None:
		self.delete_value(*args, **kwargs)

	def delete_value(self, keys, user=None, make_keys=True, shared=False) -> None:
		if not keys:
			return
		keys = keys if isinstance(keys, list | tuple) else (keys,)
		if make_keys:
			keys = [self.make_key(key, user, shared) for key in keys]
		for key in keys:
			frappe.local.cache.pop(key, None)
		with suppress(RedisDown):
			self.delete(*keys)

	def exists(self, *names: str, user=None, shared=None) -> int:
		try:
			return super().exists(*(self.make_key(name, user, shared) for name in names))
		except RedisDown:
			return False

	def hset(self, name, key, value, shared: bool = False, *args, **kwargs) -> None:
		if key is None:
			return
		full_name = self.make_key(name, shared=shared)
		frappe.local.cache.setdefault(full_name, {})[key] = value
		with suppress(RedisDown):
			super().hset(full_name, key, pickle.dumps(value), *args, **kwargs)

	def hget(self, name, key, generator=None, shared=False) -> Any:
		full_name = self.make_key(name, shared=shared)
		known = frappe.local.cache.setdefault(full_name, {})
		if not key:
			return None
		if key in known:
			return known[key]
		stored = None
		with suppress(RedisDown):
			stored = super().hget(full_name, key)
		if stored is not None:
			known[key] = pickle.loads(stored)
			return known[key]
		if not generator:
			return None
		value = generator()
		self.hset(name, key, value, shared=shared)
		return value

	def hgetall(self, name) -> dict:
		stored = super().hgetall(self.make_key(name))
		return {key: pickle.loads(value) for key, value in stored.items()}

	def hexists(self, name, key, shared: bool = False) -> bool:
		if key is None:
			return False
		try:
			return super().hexists(self.make_key(name, shared=shared), key)
		except RedisDown:
			return False

	def hdel(self, name, key, shared=False) -> None:
		full_name = self.make_key(name, shared=shared)
		frappe.local.cache.get(full_name, {}).pop(key, None)
		with suppress(RedisDown):
			super().hdel(full_name, key)

	def hkeys(self, name) -> list:
		try:
			return super().hkeys(self.make_key(name))
		except RedisDown:
			return []

	def hdel_keys(self, name_starts_with, key):
		raise refuse("frappe.cache.hdel_keys")

	def ft(self, index_name="idx"):
		raise refuse("frappe.cache.ft")


def passes_key(method: str):
	"""A redis-py method whose first argument becomes this site's key."""
	original = getattr(redis.Redis, method)

	def wrapper(self, name, *args, **kwargs):
		return original(self, self.make_key(name), *args, **kwargs)

	wrapper.__name__ = method
	return wrapper


for _method in (
	*("lpush", "rpush", "lpop", "rpop", "llen", "lrange", "ltrim"),
	*("sadd", "srem", "sismember", "spop", "smembers"),
):
	setattr(RedisWrapper, _method, passes_key(_method))


def srandmember(self, name, count=None):
	"""One random member; v15 ignores `count`."""
	return redis.Redis.srandmember(self, self.make_key(name))


RedisWrapper.srandmember = srandmember


def setup_cache() -> RedisWrapper:
	if frappe.conf.redis_cache_sentinel_enabled:
		raise refuse("Redis Sentinel")
	return RedisWrapper.from_url(frappe.conf.redis_cache)

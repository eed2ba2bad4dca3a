"""`frappe.cache`: a Redis client whose keys carry the site's database name.

Values are pickled and also kept in `frappe.local.cache` for the rest of the request. Without
Redis reads miss, writes are forgotten, and nothing raises; what is passed on to redis-py
(lists and counters) does raise.
"""

import pickle
from contextlib import suppress
from typing import Any

import frappe
import redis
from frappe._api.unsupported import refused
from redis.exceptions import ConnectionError as RedisDown


class RedisWrapper(redis.Redis):
	def make_key(self, key, user=None, shared=False):
		if shared:
			return key
		return f"{frappe.conf.db_name}|{f'user:{user}:' if user else ''}{key}".encode()

	def set_value(self, key, val, user=None, expires_in_sec=None) -> None:
		full_key = self.make_key(key, user)
		if not expires_in_sec:
			frappe.local.cache[full_key] = val
		with suppress(RedisDown):
			self.set(full_key, pickle.dumps(val), ex=expires_in_sec or None)

	def get_value(self, key, generator=None, user=None, expires=False) -> Any:
		"""The value, or what `generator` makes and stores. `expires` keeps it out of local.cache."""
		full_key = self.make_key(key, user)
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

	def get_keys(self, key) -> list[bytes]:
		"""Full keys that start with `key`."""
		prefix = self.make_key(key)
		try:
			return self.keys(prefix + b"*")
		except RedisDown:
			return [key for key in frappe.local.cache if isinstance(key, bytes) and key.startswith(prefix)]

	def delete_keys(self, key) -> None:
		self.delete_value(self.get_keys(key), make_keys=False)

	def delete_value(self, keys, user=None, make_keys=True) -> None:
		keys = keys if isinstance(keys, list | tuple) else (keys,)
		if make_keys:
			keys = [self.make_key(key, user) for key in keys]
		for key in keys:
			frappe.local.cache.pop(key, None)
		with suppress(RedisDown):
			if keys:
				self.delete(*keys)

	def exists(self, name: str) -> int:
		try:
			return super().exists(self.make_key(name))
		except RedisDown:
			return False

	def hset(self, name, key, value) -> None:
		full_name = self.make_key(name)
		frappe.local.cache.setdefault(full_name, {})[key] = value
		with suppress(RedisDown):
			super().hset(full_name, key, pickle.dumps(value))

	def hget(self, name, key, generator=None) -> Any:
		full_name = self.make_key(name)
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
		self.hset(name, key, value)
		return value

	def hdel(self, name, key) -> None:
		full_name = self.make_key(name)
		frappe.local.cache.get(full_name, {}).pop(key, None)
		with suppress(RedisDown):
			super().hdel(full_name, key)

	def hkeys(self, name) -> list:
		try:
			return super().hkeys(self.make_key(name))
		except RedisDown:
			return []

	def rpush(self, name, *values):
		return super().rpush(self.make_key(name), *values)

	def llen(self, name):
		return super().llen(self.make_key(name))

	def lrange(self, name, start, end):
		return super().lrange(self.make_key(name), start, end)


# what Frappe makes its own keys for, and nothing here has asked for yet
UNSUPPORTED = (
	"connected ft get_all hdel_keys hexists hgetall "
	"lpop lpush ltrim rpop sadd sismember smembers spop srandmember srem"
)
for _method in UNSUPPORTED.split():
	setattr(RedisWrapper, _method, refused(f"frappe.cache.{_method}"))


def setup_cache() -> RedisWrapper:
	return RedisWrapper.from_url(frappe.conf.redis_cache)

"""Small value helpers without any site state: `_dict`, text decoding, names, JSON."""

import json
import secrets
from typing import Any


class _dict(dict):
	"""A dict whose keys are attributes too; a missing one reads as None."""

	__slots__ = ()
	__getattr__ = dict.get
	__setattr__ = dict.__setitem__
	__delattr__ = dict.__delitem__
	__setstate__ = dict.update

	def __getstate__(self):
		return self

	def update(self, *args, **kwargs):
		super().update(*args, **kwargs)
		return self

	def copy(self):
		return _dict(self)


def as_unicode(text, encoding: str = "utf-8") -> str:
	"""Text of anything; bytes are decoded, None is the empty string."""
	if text is None:
		return ""
	return text.decode(encoding) if isinstance(text, bytes) else str(text)


def safe_encode(param, encoding="utf-8"):
	return param.encode(encoding) if isinstance(param, str) else param


def safe_decode(param, encoding="utf-8", fallback_map: dict | None = None):
	"""Decode bytes where that works; everything else comes back as it was."""
	if not isinstance(param, bytes):
		return param
	try:
		return param.decode(encoding)
	except LookupError:
		return param.decode((fallback_map or {}).get(encoding, "utf-8"), errors="replace")
	except UnicodeDecodeError:
		return param


def scrub(txt: str) -> str:
	"""The identifier of a label: `Job Type` is `job_type`."""
	return as_unicode(txt).replace(" ", "_").replace("-", "_").lower()


def unscrub(txt: str) -> str:
	return txt.replace("_", " ").replace("-", " ").title()


def bold(text) -> str:
	return f"<strong>{text}</strong>"


def generate_hash(txt: str | None = None, length: int = 56) -> str:
	"""Random lower-case hex digits; `txt` is accepted and ignored, as in v15."""
	length = length or 56
	return secrets.token_hex(length // 2 + 1)[:length]


def parse_json(val: Any) -> Any:
	"""Parse a JSON string; a dict becomes a `_dict`, anything else is returned untouched."""
	if isinstance(val, str):
		val = json.loads(val)
	return _dict(val) if isinstance(val, dict) else val

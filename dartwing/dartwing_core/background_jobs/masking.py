"""Secrets in what people are shown of a job's parameters."""

import json
import re
from collections.abc import Iterable
from typing import Any

MASK = "••••••"
SEPARATORS = re.compile(r"[^a-z0-9]+")


def mask_text(text: str, words: Iterable[str]) -> str:
	"""`mask` for JSON as text."""
	return json.dumps(mask(json.loads(text), words), ensure_ascii=False, separators=(",", ":"))


def mask(value: Any, words: Iterable[str]) -> Any:
	"""The value with dots for all that stands under a key which contains one of the words, at any depth.

	Case and separators do not count: `api_key` finds `apiKey` and `X-API-Key`. What is empty stays so.
	"""
	wanted = [plain(word) for word in words if plain(word)]
	return _mask(value, wanted) if wanted else value


def plain(name: str) -> str:
	return SEPARATORS.sub("", name.lower())


def _mask(value: Any, wanted: list[str]) -> Any:
	if isinstance(value, dict):
		return {
			key: MASK if item and _is_secret(key, wanted) else _mask(item, wanted)
			for key, item in value.items()
		}
	if isinstance(value, list):
		return [_mask(item, wanted) for item in value]
	return value


def _is_secret(key: str, wanted: list[str]) -> bool:
	return any(word in plain(key) for word in wanted)

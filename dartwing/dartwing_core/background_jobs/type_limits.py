"""What a Job Type allows of running jobs and of starts, and which jobs it counts together: pure."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

SITE, ORGANIZATION, VALUE = "Site", "Organization", "Value"
TYPE_CHARACTERS, VALUE_CHARACTERS = 16, 32


@dataclass(frozen=True)
class Limits:
	"""What a Job Type allows; 0 is no limit. `parameter` names what `per_value` is counted for."""

	per_site: int = 0
	per_organization: int = 0
	per_value: int = 0
	parameter: str = ""
	starts: int = 0
	seconds: int = 0
	starts_per: str = SITE

	@classmethod
	def parse(cls, text: str | None) -> "Limits | None":
		"""From the `limits` of a Job Type; None if it has none."""
		return cls.of(text) if text else None

	@classmethod
	def of(cls, text: str) -> "Limits":
		return cls(**json.loads(text))

	def as_text(self) -> str | None:
		"""What the Job Type keeps; None if nothing is limited."""
		is_limited = self.per_site or self.per_organization or self.per_value or self.starts
		return json.dumps(asdict(self)) if is_limited else None

	def is_shared(self) -> bool:
		"""Whether organizations share what is limited."""
		return bool(self.per_site or (self.starts and self.starts_per == SITE))

	def running(self) -> list[tuple[str, int]]:
		"""The limits on running jobs: of what, and how many."""
		pairs = (SITE, self.per_site), (ORGANIZATION, self.per_organization), (VALUE, self.per_value)
		return [(scope, most) for scope, most in pairs if most]


def key_of(job_type: str, limits: Limits, parameters: str) -> str:
	"""Equal for jobs of one type that are limited together; of an organization, if it is by a value.

	It begins with what stands for the type. `parameters` is their JSON; a parameter that is missing counts as
	null.
	"""
	value = ""
	if limits.parameter:
		value = json.dumps(json.loads(parameters or "{}").get(limits.parameter), sort_keys=True)
	return prefix_of(job_type) + _digest(value)[:VALUE_CHARACTERS]


def prefix_of(job_type: str) -> str:
	return _digest(job_type)[:TYPE_CHARACTERS]


def _digest(text: str) -> str:
	return sha256(text.encode()).hexdigest()


def scope_key(scope: str, organization: str, limit_key: str) -> str:
	"""What stands for all jobs that are counted together with one of this organization and key.

	It begins with what stands for the type, too.
	"""
	rest = {SITE: "", ORGANIZATION: organization, VALUE: f"{limit_key} {organization}"}[scope]
	return limit_key[:TYPE_CHARACTERS] + _digest(rest)[:VALUE_CHARACTERS]

"""The error of a lock that another process kept."""


class LockTimeoutError(Exception):
	pass

"""What can go wrong around an app: each error says what to do about it."""


class BenchlessError(Exception):
	"""Base of all errors that a user of the command line should read as one sentence."""


class HomeError(BenchlessError):
	"""The home folder cannot be used."""


class ServiceError(BenchlessError):
	"""A database or Redis could not be started, reached or stopped."""


class SiteError(BenchlessError):
	"""A site is missing, exists already, or cannot be changed as asked."""

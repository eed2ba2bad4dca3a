from dartwing.dartwing_core.background_jobs.tenancy import deletions


def execute() -> None:
	"""Comments on deleted jobs and organizations named them to everybody who reads comments."""
	deletions.forget_comments()

"""Why a demo ends early; each is shown without a traceback."""


class DemoError(Exception):
	"""The demo cannot go on; the message says what to do about it, or what a child process wrote."""


class Interrupted(BaseException):
	"""A signal asked the demo to stop. No Exception, so that nothing mistakes it for an error."""

	def __init__(self, signal_number: int):
		self.exit_code = 128 + signal_number
		super().__init__(signal_number)

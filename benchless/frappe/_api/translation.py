"""Translation: benchless knows English only, so texts come back as they were written."""


def _(msg: str, lang: str | None = None, context: str | None = None) -> str:
	return msg


class _LazyText:
	"""A text that is looked up when it is turned into a str."""

	def __init__(self, msg: str, lang: str | None, context: str | None):
		self.arguments = (msg, lang, context)

	def __str__(self) -> str:
		return _(*self.arguments)

	def __add__(self, other):
		return str(self) + str(other)

	def __radd__(self, other):
		return str(other) + str(self)


def _lt(msg: str, lang: str | None = None, context: str | None = None) -> _LazyText:
	return _LazyText(msg, lang, context)

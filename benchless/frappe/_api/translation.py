"""Translation: benchless knows English only, so texts come back as they were written."""


def _(msg: str, lang: str | None = None, context: str | None = None) -> str:
	return msg

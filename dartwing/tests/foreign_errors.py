"""Errors that a handler may raise: classes of Python, and objects that answer badly whatever is asked."""

import asyncio
import builtins
import time
from collections.abc import Callable
from typing import Any

from dartwing.dartwing_core.background_jobs import TransientError


class WordlessError(Exception):
	def __str__(self) -> str:
		raise KeyError("no words")


class NumberedError(Exception):
	def __str__(self) -> str:
		return 7  # type: ignore[return-value]


class QuittingError(BaseException):
	"""As a library may have that wants nobody to catch it."""

	def __str__(self) -> str:
		raise KeyboardInterrupt


class LockedError(Exception):
	"""Whatever it is asked for, it fails."""

	@property
	def response(self) -> None:
		raise RuntimeError("no response")

	@property
	def retry_after(self) -> None:
		raise RuntimeError("no time")

	@property
	def status_code(self) -> None:
		raise RuntimeError("no status")


class LeavingError(Exception):
	"""Whatever it is asked for, it wants the process to end."""

	@property
	def response(self) -> None:
		raise SystemExit(5)

	@property
	def retry_after(self) -> None:
		raise SystemExit(5)


class SlowError(Exception):
	"""It takes longer to say what it is than its handler may run."""

	def __str__(self) -> str:
		time.sleep(600)
		return "at last"


class NeverError(TransientError):
	def __init__(self) -> None:
		super().__init__("not for a long time", retry_after=10**400)


def raise_group(*errors: BaseException) -> BaseException:
	"""As a task group of asyncio does; Python 3.10 has none."""
	group = getattr(builtins, "BaseExceptionGroup", None)
	return group("two tasks failed", errors) if group else errors[0]


class ClassHider(Exception):
	@property
	def __class__(self) -> type:
		raise self


class SlowClassHider(Exception):
	@property
	def __class__(self) -> type:
		time.sleep(600)
		return Exception


class NameHider(type):
	@property
	def __name__(cls) -> str:  # type: ignore[override]
		raise NamelessError("no name")


class NamelessError(Exception, metaclass=NameHider):
	pass


class SlowNameHider(type):
	@property
	def __name__(cls) -> str:  # type: ignore[override]
		time.sleep(600)
		return "at last"


class SlowlyNamedError(Exception, metaclass=SlowNameHider):
	pass


class SilentError(Exception):
	"""It ends whoever asks it for anything."""

	def __getattribute__(self, name: str) -> Any:
		raise KeyboardInterrupt(name)


class UntouchableError(Exception):
	"""Python sets where it was raised, on its way through `with` blocks."""

	def __setattr__(self, name: str, value: Any) -> None:
		time.sleep(600)


class PlacelessError(Exception):
	@property
	def __traceback__(self) -> None:  # type: ignore[override]
		raise SystemExit(7)


RAISED: dict[str, Callable[[], BaseException]] = {
	"CancelledError": asyncio.CancelledError,
	"KeyboardInterrupt": KeyboardInterrupt,
	"GeneratorExit": GeneratorExit,
	"StopIteration": lambda: StopIteration(5),
	"StopAsyncIteration": StopAsyncIteration,
	"SystemExit": SystemExit,
	"SystemExit 0": lambda: SystemExit(0),
	"SystemExit 3": lambda: SystemExit(3),
	"SystemExit 401": lambda: SystemExit(401),
	"KeyError": lambda: KeyError("x"),
	"empty": lambda: ValueError(""),
	"blank": lambda: ValueError(" \n"),
	"number": lambda: ValueError(3),
	"WordlessError": WordlessError,
	"NumberedError": NumberedError,
	"QuittingError": QuittingError,
	"LockedError": LockedError,
	"LeavingError": LeavingError,
	"SlowError": SlowError,
	"ClassHider": lambda: ClassHider("x"),
	"SlowClassHider": SlowClassHider,
	"NamelessError": lambda: NamelessError("x"),
	"SlowlyNamedError": SlowlyNamedError,
	"SilentError": SilentError,
	"UntouchableError": UntouchableError,
	"PlacelessError": PlacelessError,
	"NeverError": NeverError,
	"RecursionError": lambda: RecursionError("maximum recursion depth exceeded"),
	"MemoryError": MemoryError,
	"group": lambda: raise_group(KeyError("x"), ConnectionError("the line is cut")),
	"group of a cancel": lambda: raise_group(asyncio.CancelledError(), TransientError("later")),
}

"""A short film of a page, as an animated WebP."""

import io
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Page

from demo.errors import DemoError

LOOK_MS = 120
PATIENCE_SECONDS = 60
QUALITY = 80


class Film:
	"""Pictures in their order, each with the milliseconds for which it is shown."""

	def __init__(self) -> None:
		self._frames: list[Image.Image] = []
		self._shown_ms: list[int] = []

	def add(self, png: bytes, seconds: float) -> None:
		"""A picture like the last one makes that one last longer."""
		frame, shown_ms = Image.open(io.BytesIO(png)).convert("RGB"), round(1000 * seconds)
		if self._frames and not ImageChops.difference(frame, self._frames[-1]).getbbox():
			self._shown_ms[-1] += shown_ms
			return
		self._frames.append(frame)
		self._shown_ms.append(shown_ms)

	def look(self, page: Page, seconds: float) -> None:
		"""One picture of the page, shown for so long."""
		self.add(page.screenshot(), seconds)

	def watch(self, page: Page, until: Callable[[], bool]) -> None:
		"""The page as it moves, as fast as it did."""
		began = time.monotonic()
		while not until():
			looked = time.monotonic()
			if looked - began > PATIENCE_SECONDS:
				raise DemoError("What the film waits for does not come")
			picture = page.screenshot()
			page.wait_for_timeout(LOOK_MS)
			self.add(picture, time.monotonic() - looked)

	def save(self, path: Path) -> None:
		first, *rest = self._frames
		first.save(
			path,
			save_all=True,
			append_images=rest,
			duration=self._shown_ms,
			loop=0,
			quality=QUALITY,
			method=4,
			minimize_size=True,
		)

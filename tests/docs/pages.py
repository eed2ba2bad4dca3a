"""The documentation as its readers use it: links, blocks of code, and what blocks say they print."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)
# a block of output under a loop: each line is a comment of its own
OUTPUT = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
	"""One fenced block; `language` is the word behind the fence."""

	language: str
	text: str

	@property
	def module(self) -> str | None:
		"""`my_app.jobs` for a block that is a file, or a part of one, which its first line says."""
		found = re.match(r"# (my_app/\w+)\.py(?:, instead of .+)?\n", self.text)
		return found.group(1).replace("/", ".") if found else None

	@property
	def is_test(self) -> bool:
		return self.text.startswith("# my_app/tests/test_")

	@property
	def is_part(self) -> bool:
		"""Whether it replaces a part of the file, and the rest stays as it was."""
		return bool(self.module) and ", instead of " in self.text.partition("\n")[0]

	@property
	def prints(self) -> list[str]:
		"""What the block says that it prints, line by line."""
		said = PRINTED.findall(self.text)
		return said or (OUTPUT.findall(self.text) if not self.module else [])


@dataclass(frozen=True)
class Page:
	path: Path

	@property
	def name(self) -> str:
		return str(self.path.relative_to(ROOT))

	@property
	def text(self) -> str:
		return self.path.read_text()

	def blocks(self, language: str) -> list[Block]:
		return [Block(*found) for found in FENCE.findall(self.text) if found[0] == language]

	def links(self) -> list[str]:
		return LINK.findall(FENCE.sub("", self.text))

	def anchors(self) -> set[str]:
		"""As GitHub makes them."""
		titles = HEADING.findall(FENCE.sub("", self.text))
		return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def all_pages() -> list[Page]:
	found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("dartwing/**/*.md")]
	return [Page(path) for path in sorted([*found, ROOT / "benchless/README.md"])]

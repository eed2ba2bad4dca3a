"""Draws the architecture from the imports into docs/explanation/architecture.md: `make architecture`.

Needs nothing but Python. A test draws it again and compares.
"""

import ast
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "dartwing/dartwing_core"
ENGINE = CORE / "background_jobs"
PAGE = ROOT / "docs/explanation/architecture.md"
BEGIN, END = "<!-- drawn from the imports, from here -->\n", "<!-- to here -->\n"

API, HALL, DOCTYPES, GROUND = "api", "hall", "doctypes", "ground floor"
ON_THE_GROUND = {"statuses", "errors", "config", "error_log", "framework", "memory", "type_limits", "texts"}


def modules() -> dict[str, Path]:
	"""Files of the app's own code by their dotted names, tests left out."""
	paths = [*(CORE / "api").glob("*.py"), *ENGINE.rglob("*.py"), *(CORE / "doctype").glob("*/*.py")]
	return {
		".".join(path.relative_to(ROOT).with_suffix("").parts): path
		for path in sorted(paths)
		if path.stem != "__init__" and not path.stem.startswith("test_")
	}


MODULES = modules()


def floor_of(module: str) -> str:
	_app, _core, part, *rest = module.split(".")
	if part != "background_jobs":
		return API if part == "api" else DOCTYPES
	if len(rest) > 1:
		return rest[0]
	return GROUND if rest[0] in ON_THE_GROUND else HALL


def imports_of(path: Path) -> set[str]:
	found = set()
	for node in ast.walk(ast.parse(path.read_text())):
		if isinstance(node, ast.ImportFrom) and node.module:
			found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
	return found & set(MODULES)


def floors() -> dict[str, set[str]]:
	"""Each floor and the floors below that it imports from, the top first."""
	below: dict[str, set[str]] = {floor_of(module): set() for module in MODULES}
	for module, path in MODULES.items():
		below[floor_of(module)] |= {floor_of(imported) for imported in imports_of(path)}
	for floor, others in below.items():
		others.discard(floor)
	order = list(TopologicalSorter(below).static_order())
	return {floor: below[floor] for floor in reversed(order)}


def arrows(below: dict[str, set[str]]) -> list[tuple[str, str]]:
	"""The arrows that do not follow from others."""

	def reached(floor: str) -> set[str]:
		return {floor}.union(*(reached(other) for other in below[floor]))

	return [
		(floor, other)
		for floor, others in below.items()
		for other in below
		if other in others and not any(other in reached(between) for between in others - {other})
	]


def first_sentence(path: Path) -> str:
	about = ast.get_docstring(ast.parse(path.read_text())) or ""
	return about.split("\n\n")[0].replace("\n", " ").rstrip(".").replace("|", "\\|")


def picture() -> str:
	lines = ["```mermaid", "flowchart TD"]
	below = floors()
	for floor, other in arrows(below):
		lines.append(f'    {floor.replace(" ", "_")}["{floor}"] --> {other.replace(" ", "_")}["{other}"]')
	return "\n".join([*lines, "```", ""])


def rooms() -> str:
	"""A section for each floor of the engine: what it is for, and its modules."""
	text = ""
	for floor in floors():
		if floor in (API, DOCTYPES):
			continue
		text += f"\n### {floor}\n\n"
		room = ENGINE / floor / "__init__.py"
		if room.exists():
			text += (ast.get_docstring(ast.parse(room.read_text())) or "") + "\n\n"
		text += "| module | what it is |\n| --- | --- |\n"
		for module, path in MODULES.items():
			if floor_of(module) == floor:
				link = f"../../{path.relative_to(ROOT)}"
				text += f"| [{path.stem}]({link}) | {first_sentence(path)} |\n"
	return text


def drawn() -> str:
	"""The page with its picture and tables as they should be."""
	before, _begin, rest = PAGE.read_text().partition(BEGIN)
	_old, _end, after = rest.partition(END)
	return f"{before}{BEGIN}\n{picture()}{rooms()}\n{END}{after}"


if __name__ == "__main__":
	PAGE.write_text(drawn())
	sys.stdout.write(f"drew {PAGE.relative_to(ROOT)}\n")

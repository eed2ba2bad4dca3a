"""The README's table of contents is the folder, and the order of the imports."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("benchless", "frappe")
ROWS = [
	re.findall(r"`([^`]+)`", line.split("|")[1])
	for line in (ROOT / "README.md").read_text().splitlines()
	if line.startswith("| `")
]
ROW_OF = {entry: number for number, row in enumerate(ROWS) for entry in row}
FILES = [
	path.relative_to(ROOT).as_posix()
	for package in PACKAGES
	for path in sorted((ROOT / package).rglob("*"))
	if path.is_file() and "__pycache__" not in path.parts
]
MODULES = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in FILES}


def row_of(file: str) -> int | None:
	"""The row of the longest entry that the file is, or is in."""
	entries = [one for one in ROW_OF if file == one or (one.endswith("/") and file.startswith(one))]
	return ROW_OF[max(entries, key=len)] if entries else None


def imports_of(module: str) -> set[str]:
	"""The modules of benchless that a module imports, also inside of functions; `frappe` itself is free."""
	found: set[str] = set()
	for node in ast.walk(ast.parse((ROOT / MODULES[module]).read_text())):
		if isinstance(node, ast.Import):
			found |= {alias.name for alias in node.names}
		elif isinstance(node, ast.ImportFrom):
			found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
	parents = {name.rpartition(".")[0] for name in found}
	outer = {parent for parent in parents if not module.startswith(parent)}
	return ((found | outer) & MODULES.keys()) - {module, *PACKAGES}


def python_modules() -> list[str]:
	return [module for module, file in MODULES.items() if file.endswith(".py")]


def test_the_table_of_contents_names_what_is_there_and_nothing_else():
	assert [entry for entry in ROW_OF if not (ROOT / entry).exists()] == []
	assert [file for file in FILES if row_of(file) is None] == []


def test_imports_run_down_the_table_of_contents():
	upward = [
		f"{module} imports {other}"
		for module in python_modules()
		for other in imports_of(module)
		if row_of(MODULES[other]) < row_of(MODULES[module])
	]
	assert upward == []


def test_imports_make_no_circle():
	TopologicalSorter({module: imports_of(module) for module in python_modules()}).prepare()

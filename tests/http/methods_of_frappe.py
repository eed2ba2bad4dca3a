"""Frappe's whitelisted methods as its source has them, so that those of a newer Frappe come by themselves."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import frappe

ROOT = Path(frappe.__file__).parent
ANY_METHOD = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Method:
	"""A function of a module that HTTP may call, and the names of its parameters."""

	path: str
	parameters: tuple[str, ...]
	http_methods: tuple[str, ...]

	@property
	def verb(self) -> str:
		return "POST" if "POST" in self.http_methods else self.http_methods[0]


def whitelisted_methods() -> list[Method]:
	files = [file for file in sorted(ROOT.rglob("*.py")) if not is_a_test(file)]
	return [method for file in files for method in methods_in(file)]


def is_a_test(file: Path) -> bool:
	return "tests" in file.relative_to(ROOT).parts or file.name.startswith("test_")


def methods_in(file: Path) -> Iterator[Method]:
	text = file.read_text()
	if "whitelist" not in text:
		return
	module = ".".join(("frappe", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
	for function in ast.parse(text).body:
		if isinstance(function, ast.FunctionDef):
			for decorator in function.decorator_list:
				if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("whitelist"):
					arguments = (*function.args.args, *function.args.kwonlyargs)
					yield Method(
						f"{module}.{function.name}",
						tuple(argument.arg for argument in arguments),
						http_methods_of(decorator),
					)


def http_methods_of(decorator: ast.Call) -> tuple[str, ...]:
	for keyword in decorator.keywords:
		if keyword.arg == "methods":
			return tuple(ast.literal_eval(keyword.value))
	return ANY_METHOD

"""A function that no hook reaches is replaced when its module is imported, and not before."""

import sys
from collections.abc import Iterator
from importlib import import_module, reload
from pathlib import Path
from types import ModuleType

import pytest

from dartwing.dartwing_core.api import replaced

NAME = "a_library_of_a_test"
CODE = "def read(name):\n\treturn 'read ' + name\n"


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(replaced, "is_our_site", lambda: True)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
	(tmp_path / f"{NAME}.py").write_text(CODE)
	monkeypatch.syspath_prepend(str(tmp_path))
	before = list(sys.meta_path)
	yield NAME
	sys.modules.pop(NAME, None)
	sys.meta_path[:] = before


def change(module: ModuleType) -> None:
	replaced.replace(module, "read", lambda original, name: original(name.upper()))


def test_a_module_is_changed_when_it_is_imported(library, ours):
	replaced.watch({library: change})
	assert library not in sys.modules
	assert import_module(library).read("x") == "read X"
	assert import_module(library).read.__module__ == library
	assert reload(sys.modules[library]).read("x") == "read X"


def test_a_module_that_is_there_is_changed_at_once_and_once(library, ours):
	module = import_module(library)
	changes = {library: change}
	for _time in range(2):
		replaced.watch(changes)
	assert module.read("x") == "read X"
	watchers = [one for one in sys.meta_path if isinstance(one, replaced.Watcher)]
	assert len([one for one in watchers if one.changes is changes]) == 1


def test_other_sites_of_the_bench_have_what_they_had(library, monkeypatch):
	monkeypatch.setattr(replaced, "is_our_site", lambda: False)
	replaced.watch({library: change})
	assert import_module(library).read("x") == "read x"


def test_a_function_that_is_no_more_is_missed_loudly(library, ours):
	replaced.watch({library: lambda module: replaced.replace(module, "none", print)})
	with pytest.raises(AttributeError):
		import_module(library)
	assert library not in sys.modules

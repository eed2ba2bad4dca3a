"""What a process remembers for some seconds."""

import time

import frappe
import pytest

from dartwing.dartwing_core.background_jobs.memory import Memory


@pytest.fixture
def now(monkeypatch) -> list[float]:
	"""What the process's clock shows, to be changed by the test."""
	shown = [100.0]
	monkeypatch.setattr(time, "monotonic", lambda: shown[0])
	return shown


@pytest.fixture
def _on_a_site(monkeypatch):
	monkeypatch.setattr(frappe.local, "site", "here", raising=False)


@pytest.mark.usefixtures("_on_a_site")
def test_a_value_is_remembered_for_its_seconds(now):
	memory: Memory[int | None] = Memory(60)
	memory.put("known to be nothing", None)
	assert memory.get("known to be nothing", 3) is None
	now[0] += 59.9
	assert "known to be nothing" in memory
	assert memory.values() == {"known to be nothing": None}
	now[0] += 0.1
	assert "known to be nothing" not in memory
	assert memory.values() == {}
	assert memory.get("known to be nothing", 3) == 3


@pytest.mark.usefixtures("_on_a_site")
def test_a_site_knows_nothing_of_another(now, monkeypatch):
	memory: Memory[int] = Memory(60)
	memory.put("a", 1)
	monkeypatch.setattr(frappe.local, "site", "there")
	assert "a" not in memory
	assert memory.values() == {}
	memory.put("a", 2)
	monkeypatch.setattr(frappe.local, "site", "here")
	assert memory.get("a") == 1
	memory.forget()
	monkeypatch.setattr(frappe.local, "site", "there")
	assert "a" not in memory


@pytest.mark.usefixtures("_on_a_site")
def test_it_holds_no_more_than_it_may(now):
	memory: Memory[int] = Memory(60, most=3)
	for number in range(4):
		memory.put(number, number)
	assert memory.values() == {3: 3}
	memory.put(3, 4)
	assert memory.values() == {3: 4}

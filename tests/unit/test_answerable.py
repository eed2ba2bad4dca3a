"""Integers that Frappe v16's answers cannot hold."""

from types import SimpleNamespace

import frappe

from dartwing.dartwing_core.background_jobs import framework


def test_a_large_integer_breaks_no_answer(monkeypatch):
	monkeypatch.setattr(framework, "LARGEST_ANSWERED", 2**63 - 1)
	monkeypatch.setattr(frappe, "local", SimpleNamespace(request=object()))
	value = {"ids": [1, 2**63 - 1, 2**70, -(2**70)], "huge": 10**400, "true": True}
	assert framework.answerable(value) == {
		"ids": [1, 2**63 - 1, float(2**70), -float(2**70)],
		"huge": str(10**400),
		"true": True,
	}

"""Integers that the writer of Frappe v16's answers does not know."""

from types import SimpleNamespace

import frappe

from dartwing.dartwing_core.background_jobs import framework


def test_a_large_integer_is_written_out_for_the_answer_and_nothing_else_is_changed(monkeypatch):
	monkeypatch.setattr(framework, "Fragment", lambda text: f"as it stands: {text}")
	monkeypatch.setattr(frappe, "local", SimpleNamespace(request=object()))
	value = {"ids": [1, 2**63 - 1, 2**70, {"at": -(2**70)}], "true": True, "share": 0.5, "text": "1"}
	assert framework.answerable(value) == {
		"ids": [1, 2**63 - 1, f"as it stands: {2**70}", {"at": f"as it stands: {-(2**70)}"}],
		"true": True,
		"share": 0.5,
		"text": "1",
	}


def test_without_a_request_a_value_stays_what_it_is(monkeypatch):
	monkeypatch.setattr(framework, "Fragment", lambda text: f"as it stands: {text}")
	monkeypatch.setattr(frappe, "local", SimpleNamespace(request=None))
	assert framework.answerable([2**70]) == [2**70]

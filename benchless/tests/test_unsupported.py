"""Where the slice of Frappe ends, benchless says so by name."""

import importlib

import frappe
import pytest


@pytest.mark.parametrize(
	"module",
	[
		"frappe",
		"frappe.utils",
		"frappe.utils.data",
		"frappe.permissions",
		"frappe.defaults",
		"frappe.database",
		"frappe.query_builder",
		"frappe.query_builder.functions",
		"frappe.model",
		"frappe.model.document",
		"frappe.model.naming",
		"frappe.model.db_query",
	],
)
def test_an_unknown_name_of_a_module_is_refused_by_name(module):
	with pytest.raises(NotImplementedError, match=f"does not support {module}.no_such_thing"):
		importlib.import_module(module).no_such_thing  # noqa: B018


def test_an_unknown_module_is_refused_and_can_be_probed_for():
	with pytest.raises(NotImplementedError, match=r"does not support frappe\.email"):
		importlib.import_module("frappe.email.queue")
	with pytest.raises(ImportError):
		importlib.import_module("frappe.email.queue")


def test_private_names_are_ordinary_attribute_errors():
	assert not hasattr(frappe, "_no_such_thing")
	assert not hasattr(frappe, "__wrapped__")

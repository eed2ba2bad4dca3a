import re

import frappe
import pytest
from factories import HANDLER, OBLIGING, make_job_type

from dartwing.dartwing_core.background_jobs.upkeep import holding
from dartwing.dartwing_core.doctype.job_engine_settings.job_engine_settings import MOST
from dartwing.dartwing_core.doctype.job_type.job_type import MOST_SECONDS

HANDLERS = "dartwing.tests.handlers"


@pytest.mark.parametrize(
	("path", "reason"),
	[
		("nonsense", "installed app"),
		("not_installed_app.jobs.run", "installed app"),
		("os.system", "installed app"),
		(f"{HANDLERS}.no_such_function", "no_such_function"),
		("dartwing.no_such_module.run", "no_such_module"),
		(f"{HANDLERS}.NO_FUNCTION", "not a function"),
		(f"{HANDLERS}.JobContext", "not a function"),
		(f"{HANDLERS}.takes_nothing", "exactly one argument"),
		(f"{HANDLERS}.takes_too_much", "exactly one argument"),
		(f"{HANDLERS}.is_a_coroutine", "neither async nor a generator"),
		(f"{HANDLERS}.is_a_generator", "neither async nor a generator"),
		("dartwing.tests.script.run", "SystemExit: this is a script"),
		("frappe.delete_doc", "exactly one argument"),
		("frappe.utils.cint", "exactly one argument"),
	],
)
def test_a_handler_that_cannot_run_is_refused_naming_it(world, path, reason):
	with pytest.raises(frappe.ValidationError) as error:
		make_job_type("test_handler", handler_method=path)
	assert path in str(error.value)
	assert reason in str(error.value)
	assert not frappe.db.exists("Job Type", "test_handler")


@pytest.mark.parametrize(
	("values", "message"),
	[
		({"default_timeout": 0}, "Default Timeout"),
		({"rate_limit": 5}, "Rate Limit needs"),
		({"rate_limit": 5, "rate_limit_window": 86401}, "86400"),
		({"max_retries": -1}, "Max Retries"),
		({"deduplication_window": -1}, "Deduplication Window"),
		({"default_priority": "Urgent"}, "Urgent"),
	],
)
def test_settings_out_of_range_are_refused(world, values, message):
	with pytest.raises(frappe.ValidationError, match=message):
		make_job_type("test_settings", **values)


def test_a_fixture_that_says_only_what_matters_gets_the_defaults(clean, monkeypatch):
	fixture = {
		"doctype": "Job Type",
		"type_name": "of_a_fixture",
		"display_name": "F",
		"handler_method": HANDLER,
	}
	monkeypatch.setitem(frappe.flags, "in_import", True)
	imported = frappe.get_doc(fixture).insert()
	for field in imported.meta.get("fields", {"default": ("is", "set")}):
		assert str(imported.get(field.fieldname)) == field.default, field.fieldname
	frappe.db.rollback()


def test_a_type_whose_handler_is_gone_can_still_be_paused_and_disabled(world):
	job_type = make_job_type("test_handler")
	frappe.db.set_value("Job Type", job_type.name, "handler_method", "dartwing.gone.run")
	frappe.clear_document_cache("Job Type", job_type.name)
	holding.pause(job_type=job_type.name)
	job_type.reload()
	job_type.is_enabled = 0
	job_type.save()
	job_type.is_enabled = 1
	with pytest.raises(frappe.ValidationError, match=r"dartwing\.gone\.run"):
		job_type.save()


def test_an_unknown_type_to_pause_is_named(world):
	with pytest.raises(frappe.DoesNotExistError, match="job_type: no Job Type 'nonsense'"):
		holding.pause(job_type="nonsense")


def test_shipped_job_types_are_there_and_usable(world):
	for name in ("sample_job", "echo_job", "long_running_job", "data_export"):
		job_type = frappe.get_doc("Job Type", name)
		job_type.validate()
		assert job_type.is_enabled
		assert job_type.retry_base_delay == 60


def test_shipped_roles_are_there(world):
	assert frappe.db.exists("Role", "Dartwing User")
	assert frappe.db.exists("Role", "Dartwing Admin")


@pytest.mark.parametrize("template", ["[1]", '"text"', "{", "1"])
def test_a_parameters_template_is_a_json_object(clean, template):
	with pytest.raises(frappe.ValidationError, match="Parameters Template"):
		make_job_type("templated_job", parameters_template=template)


@pytest.mark.parametrize(
	"values",
	[
		{"equal_jobs": "Answer Existing", "equal_parameters": "customer, password"},
		{"limited_parameter": "api_token"},
	],
)
def test_nothing_is_compared_by_a_masked_parameter(world, values):
	with pytest.raises(frappe.ValidationError, match="is a masked parameter"):
		make_job_type("comparing_job", **values)
	frappe.db.rollback()


@pytest.mark.parametrize("field", MOST_SECONDS)
def test_a_number_of_seconds_that_no_time_can_be_counted_with_is_refused(world, field):
	"""Jobs of a type whose timeout was 2147483647 never started, and never ended."""
	job_type = frappe.get_doc("Job Type", OBLIGING)
	job_type.update({field: 2**31 - 1, "equal_jobs": "Allow"})
	label = job_type.meta.get_label(field)
	with pytest.raises(frappe.ValidationError, match=re.escape(f"{label} must be at most ")):
		job_type.save()


@pytest.mark.parametrize("field", MOST)
def test_so_is_one_of_the_settings(world, field):
	settings = frappe.get_doc("Job Engine Settings")
	settings.set(field, 2**31 - 1)
	with pytest.raises(frappe.ValidationError, match="must be at most"):
		settings.save()


def test_numbers_that_come_as_texts_are_numbers(world):
	"""As of a form that is sent; Frappe makes them numbers only when it stores them."""
	job_type = frappe.get_doc("Job Type", OBLIGING)
	job_type.update({"default_timeout": "60", "rate_limit_window": "60", "debounce_seconds": ""})
	job_type.save()
	assert (job_type.default_timeout, job_type.debounce_seconds) == (60, 0)
	job_type.default_timeout = "0"
	with pytest.raises(frappe.ValidationError, match="at least 1 second, not 0"):
		job_type.save()
	frappe.db.rollback()

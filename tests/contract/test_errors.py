import frappe
import pytest
from contract_doctypes import GROUP, ITEM, group, item
from database import driver


def test_a_name_that_exists_raises_duplicate_entry_error():
	group("North")
	with pytest.raises(frappe.DuplicateEntryError) as raised:
		group("North")
	assert raised.value.args[:2] == (GROUP, "North")
	assert isinstance(raised.value.args[2], driver().IntegrityError)
	assert isinstance(raised.value, frappe.NameError)


def test_names_that_differ_in_case_only_are_duplicates():
	group("North")
	with pytest.raises(frappe.DuplicateEntryError):
		group("NORTH")


def test_a_value_of_a_unique_field_that_exists_raises_unique_validation_error_naming_the_field():
	item("First", code="A")
	with pytest.raises(frappe.UniqueValidationError) as raised:
		item("Second", code="A")
	assert isinstance(raised.value, frappe.ValidationError)
	assert raised.value.args[0] == ITEM
	assert isinstance(raised.value.args[2], driver().IntegrityError)
	assert "Code" in frappe.message_log[-1]["message"]


def test_saving_a_duplicate_value_raises_unique_validation_error_too():
	item("First", code="A")
	second = item("Second", code="B")
	second.code = "A"
	with pytest.raises(frappe.UniqueValidationError):
		second.save()


def test_db_set_of_a_duplicate_value_raises_the_drivers_error():
	item("First", code="A")
	second = item("Second", code="B")
	with pytest.raises(driver().IntegrityError) as raised:
		frappe.db.set_value(ITEM, second.name, "code", "A")
	assert frappe.db.is_duplicate_entry(raised.value)
	assert frappe.db.is_unique_key_violation(raised.value)
	assert not frappe.db.is_primary_key_violation(raised.value)


def test_an_empty_value_of_a_unique_field_is_stored_as_null_and_no_duplicate():
	names = [item(f"Item {number}", code="").name for number in range(2)]
	assert [frappe.db.get_value(ITEM, name, "code") for name in names] == [None, None]


def test_a_duplicate_name_can_be_ignored():
	group("North")
	assert frappe.get_doc({"doctype": GROUP, "group_name": "North"}).insert(ignore_if_duplicate=True)
	assert frappe.db.count(GROUP) == 1


def test_a_document_that_is_not_there_raises_does_not_exist_error():
	with pytest.raises(frappe.DoesNotExistError, match="Contract Item none not found"):
		frappe.get_doc(ITEM, "none")
	with pytest.raises(frappe.DoesNotExistError):
		frappe.get_cached_doc(ITEM, "none")


def test_a_doctype_that_is_not_there_raises():
	with pytest.raises(frappe.DoesNotExistError):
		frappe.get_meta("Contract None")
	with pytest.raises((ImportError, frappe.DoesNotExistError)):
		frappe.get_doc({"doctype": "Contract None"})


def test_a_value_of_a_row_that_is_not_there_is_none():
	assert frappe.db.get_value(ITEM, "none", "title") is None
	assert frappe.db.get_value(ITEM, "none", ["title", "code"]) is None
	assert frappe.db.exists(ITEM, "none") is None


def test_missing_tables_and_columns_are_recognised():
	with pytest.raises(frappe.db.ProgrammingError) as table:
		frappe.db.sql("select 1 from `tabContract None`")
	assert frappe.db.is_table_missing(table.value)
	with pytest.raises(frappe.db.OperationalError) as column:
		frappe.db.sql(f"select nothing from `tab{ITEM}`")
	assert frappe.db.is_missing_column(column.value)


@pytest.mark.parametrize(
	("name", "parent", "code"),
	[
		("ValidationError", Exception, 417),
		("MandatoryError", frappe.ValidationError, 417),
		("LinkValidationError", frappe.ValidationError, 417),
		("LinkExistsError", frappe.ValidationError, 417),
		("UniqueValidationError", frappe.ValidationError, 417),
		("TimestampMismatchError", frappe.ValidationError, 417),
		("CharacterLengthExceededError", frappe.ValidationError, 417),
		("CannotChangeConstantError", frappe.ValidationError, 417),
		("RetryBackgroundJobError", Exception, None),
		("AuthenticationError", Exception, 401),
		("PermissionError", Exception, 403),
		("DoesNotExistError", frappe.ValidationError, 404),
		("PageDoesNotExistError", frappe.ValidationError, 404),
		("NameError", Exception, 409),
		("DuplicateEntryError", frappe.NameError, 409),
		("OutgoingEmailError", Exception, 501),
		("SessionStopped", Exception, 503),
		("TooManyRequestsError", Exception, 429),
		("RateLimitExceededError", frappe.ValidationError, 429),
		("InReadOnlyMode", frappe.ValidationError, 503),
		("QueryTimeoutError", Exception, None),
		("QueryDeadlockError", Exception, None),
		("TooManyWritesError", Exception, None),
		("ImplicitCommitError", frappe.ValidationError, 417),
	],
)
def test_error_classes_have_their_parents_and_http_codes(name, parent, code):
	error = getattr(frappe, name)
	assert issubclass(error, parent)
	assert getattr(error, "http_status_code", None) == code


def test_throw_raises_the_class_and_logs_the_message():
	with pytest.raises(frappe.PermissionError, match="Not like this"):
		frappe.throw("Not like this", frappe.PermissionError, title="A title")
	message = frappe.message_log[-1]
	assert (message["message"], message["title"], message["raise_exception"]) == (
		"Not like this",
		"A title",
		1,
	)


def test_throw_raises_a_validation_error_unless_told_otherwise():
	with pytest.raises(frappe.ValidationError):
		frappe.throw("no")


def test_log_error_stores_title_and_traceback():
	try:
		raise ZeroDivisionError("of the test")
	except ZeroDivisionError:
		log = frappe.log_error(title="Contract error")
	assert frappe.db.get_value("Error Log", log.name, "method") == "Contract error"
	assert "ZeroDivisionError: of the test" in frappe.db.get_value("Error Log", log.name, "error")
	frappe.db.delete("Error Log", {"name": log.name})


def test_an_error_log_survives_a_rollback():
	log = frappe.log_error(title="Contract error", message="kept")
	frappe.db.rollback()
	assert frappe.db.get_value("Error Log", log.name, "error") == "kept"
	frappe.db.delete("Error Log", {"name": log.name})


def test_an_error_log_names_its_document():
	log = frappe.log_error("Contract error", "why", reference_doctype=ITEM, reference_name="some")
	assert (log.reference_doctype, log.reference_name) == (ITEM, "some")
	frappe.db.delete("Error Log", {"name": log.name})


def test_get_traceback_is_that_of_the_current_exception():
	try:
		raise ZeroDivisionError("of the test")
	except ZeroDivisionError:
		text = frappe.get_traceback()
	assert text.startswith("Traceback (most recent call last):")
	assert "ZeroDivisionError: of the test" in text
	assert not frappe.get_traceback()

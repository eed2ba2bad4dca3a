"""Checks of a document's values before they are stored."""

import frappe
from frappe._api.unsupported import refuse
from frappe._api.values import _dict
from frappe.database.columns import WIDEST_INT
from frappe.model import TYPE_MAP, optional_fields, table_fields
from frappe.utils import (
	cint,
	cstr,
	flt,
	sanitize_html,
	split_emails,
	strip_html,
	validate_email_address,
	validate_url,
)
from frappe.utils.password import (
	get_decrypted_password,
	remove_encrypted_password,
	set_encrypted_password,
)

LARGEST = {"int": 2**31 - 1, "bigint": 2**63 - 1}
MARKUP_ALLOWED = ("Attach", "Attach Image", "Barcode", "Code")


class Validation:
	def _validate(self) -> None:
		self._validate_mandatory()
		for row in [self, *self.get_all_children()]:
			row.validate_values()
		if self.is_new():
			for fieldname in optional_fields:
				self.set(fieldname, None)
		else:
			self.validate_set_only_once()

	def validate_values(self) -> None:
		self._validate_data_fields()
		self._validate_selects()
		self._validate_non_negative()
		self._validate_length()
		self._sync_autoname_field()
		self._sanitize_content()
		self._save_passwords()

	def place(self) -> str:
		return f"Row #{self.idx}: " if self.get("parentfield") else ""

	def _validate_mandatory(self) -> None:
		if self.flags.ignore_mandatory:
			return
		missing = [entry for row in [self, *self.get_all_children()] for entry in row.missing_values()]
		if not missing:
			return
		for _fieldname, message in missing:
			frappe.msgprint(message)
		fields = ", ".join(fieldname for fieldname, _message in missing)
		raise frappe.MandatoryError(f"[{self.doctype}, {self.name}]: {fields}")

	def missing_values(self) -> list[tuple[str, str]]:
		required = [field for field in self.meta.fields if field.reqd]
		missing = [field for field in required if not self.has_content(field)]
		if self.meta.istable:
			missing += [_dict(fieldname=f, label=f) for f in ("parent", "parenttype") if not self.get(f)]
		return [(field.fieldname, self.missing_message(field)) for field in missing]

	def has_content(self, field) -> bool:
		value = self.get(field.fieldname)
		if value is None or value == []:
			return False
		may_be_image = field.fieldtype == "Text Editor" or (
			field.fieldtype == "Code" and field.options == "HTML"
		)
		text = cstr(value)
		return bool(strip_html(text).strip()) or (may_be_image and "<img" in text)

	def missing_message(self, field) -> str:
		if field.fieldtype in table_fields:
			return f"Error: Data missing in table: {field.label}"
		if self.get("parentfield"):
			return f"Error: {frappe.bold(self.doctype)} Row #{self.idx}: Value missing for: {field.label}"
		return f"Error: Value missing for {field.parent}: {field.label}"

	def _validate_data_fields(self) -> None:
		for field in self.meta.get_phone_fields():
			if self.get(field.fieldname):
				raise refuse("checking Phone fields")
		for field in self.meta.get_data_fields():
			if field.options in CHECKED_DATA and self.get(field.fieldname):
				CHECKED_DATA[field.options](self, self.get(field.fieldname))

	def _validate_selects(self) -> None:
		if frappe.flags.in_import:
			return
		for field in self.meta.get_select_fields():
			options = (field.options or "").split("\n")
			if not self.get(field.fieldname) or not any(options):
				continue
			value = cstr(self.get(field.fieldname)).strip()
			self.set(field.fieldname, value)
			if value not in options and not (frappe.flags.in_test and value.startswith("_T-")):
				choices = '", "'.join(options)
				prefix = f"Row #{self.idx}:" if self.get("parentfield") else ""
				frappe.throw(f'{prefix} {field.label} cannot be "{value}". It should be one of "{choices}"')

	def _validate_non_negative(self) -> None:
		for field in self.meta.fields:
			is_number = field.fieldtype in ("Int", "Float", "Currency")
			if field.non_negative and is_number and flt(self.get(field.fieldname)) < 0:
				label = frappe.bold(field.label)
				if self.get("parentfield"):
					message = (
						f"{frappe.bold(self.doctype)} Row #{self.idx}: Value cannot be negative for {label}"
					)
				else:
					message = f"Value cannot be negative for {field.parent}: {label}"
				frappe.throw(message, frappe.NonNegativeError, title="Negative Value")

	def _validate_length(self) -> None:
		if frappe.flags.in_install or self.meta.issingle:
			return
		for fieldname, value in self.get_valid_dict().items():
			field = self.meta.get_field(fieldname)
			if not field or field.fieldtype == "Check":
				continue
			column, size = TYPE_MAP[field.fieldtype]
			if column == "varchar":
				limit = cint(field.length) or cint(size)
				is_too_long = len(cstr(value)) > limit
			elif column in LARGEST:
				limit = LARGEST["bigint" if cint(field.length) > WIDEST_INT else column]
				is_too_long = abs(cint(value)) > limit
			else:
				continue
			if is_too_long:
				self.throw_length_exceeded_error(field, limit, value)

	def throw_length_exceeded_error(self, field, limit, value) -> None:
		place = (
			f"{self.doctype}, Row {self.idx}" if self.get("parentfield") else f"{self.doctype} {self.name}"
		)
		message = (
			f"{place}: '{frappe.bold(field.label)}' ({value}) will get truncated, "
			f"as max characters allowed is {limit}"
		)
		frappe.throw(message, frappe.CharacterLengthExceededError, title="Value too big")

	def _sync_autoname_field(self) -> None:
		_kind, is_field, fieldname = (self.meta.autoname or "").partition("field:")
		if is_field and self.name and self.name != self.get(fieldname):
			self.set(fieldname, self.name)

	def _sanitize_content(self) -> None:
		if frappe.flags.in_install:
			return
		for fieldname, value in self.get_valid_dict().items():
			if not isinstance(value, str) or ("<" not in value and ">" not in value):
				continue
			field = self.meta.get_field(fieldname)
			is_email = (
				field and field.options == "Email" and field.fieldtype in ("Data", "Small Text", "Text")
			)
			if field and (field.ignore_xss_filter or is_email or field.fieldtype in MARKUP_ALLOWED):
				continue
			self.set(fieldname, sanitize_html(value))

	def _save_passwords(self) -> None:
		"""Keep Password fields encrypted in `__Auth`; the document holds as many asterisks."""
		if self.flags.ignore_save_passwords is True:
			return
		for field in self.meta.of_type("Password"):
			if field.fieldname in (self.flags.ignore_save_passwords or ()):
				continue
			password = self.get(field.fieldname)
			if not password:
				remove_encrypted_password(self.doctype, self.name, field.fieldname)
			elif not self.is_dummy_password(password):
				set_encrypted_password(self.doctype, self.name, password, field.fieldname)
				self.set(field.fieldname, "*" * len(password))

	def is_dummy_password(self, password: str) -> bool:
		return set(password) == {"*"}

	def get_password(self, fieldname="password", raise_exception=True):
		value = self.get(fieldname)
		if value and not self.is_dummy_password(value):
			return value
		return get_decrypted_password(self.doctype, self.name, fieldname, raise_exception=raise_exception)

	def validate_set_only_once(self) -> bool:
		previous = self.get_doc_before_save()
		if not previous:
			return False
		for field in self.meta.get_set_only_once_fields():
			current, before = self.get(field.fieldname), previous.get(field.fieldname)
			if field.fieldtype in table_fields:
				is_changed = not self.is_child_table_same(field.fieldname)
			elif field.fieldtype in ("Date", "Datetime", "Time"):
				is_changed = str(current) != str(before)
			else:
				is_changed = current != before
			if is_changed:
				label = frappe.bold(self.meta.get_label(field.fieldname))
				frappe.throw(f"Value cannot be changed for {label}", exc=frappe.CannotChangeConstantError)
		return False

	def is_child_table_same(self, fieldname: str) -> bool:
		return comparable_rows(self.get(fieldname)) == comparable_rows(self._doc_before_save.get(fieldname))

	def _validate_links(self) -> None:
		if self.flags.ignore_links:
			return
		invalid = [message for row in [self, *self.get_all_children()] for message in row.invalid_links()]
		if invalid:
			frappe.throw(f"Could not find {', '.join(invalid)}", frappe.LinkValidationError)

	def invalid_links(self) -> list[str]:
		"""Messages for links to nothing; links get their target's spelling, fetched fields its values."""
		invalid = []
		for field in self.meta.get_link_fields() + self.meta.get_dynamic_link_fields():
			name = self.get(field.fieldname)
			if not name:
				continue
			found = self.fetch(self.linked_doctype(field), name, field)
			if not found:
				invalid.append(f"{self.place()}{field.label}: {name}")
		return invalid

	def linked_doctype(self, field) -> str:
		if field.fieldtype == "Dynamic Link":
			doctype = self.get(field.options)
			if not doctype:
				frappe.throw(f"{self.meta.get_label(field.options)} must be set first")
			return doctype
		if not field.options:
			frappe.throw(f"Options not set for link field {field.fieldname}")
		return field.options

	def fetch(self, doctype: str, name: str, field) -> bool:
		meta = frappe.get_meta(doctype)
		to_fetch = [
			other
			for other in self.meta.get_fields_to_fetch(field.fieldname)
			if not other.fetch_if_empty or not self.get(other.fieldname)
		]
		if meta.issingle:
			setattr(self, field.fieldname, doctype)
			return True
		if not to_fetch:
			stored = frappe.db.get_value(doctype, name, "name", cache=True)
			# MariaDB finds names in any case; the link keeps the case of the document's name
			setattr(self, field.fieldname, stored)
			return bool(stored)
		columns = ["name", *(other.fetch_from.split(".")[-1] for other in to_fetch)]
		values = frappe.db.get_value(doctype, name, columns, as_dict=True)
		if values:
			setattr(self, field.fieldname, values.name)
			for other in to_fetch:
				setattr(self, other.fieldname, values[other.fetch_from.split(".")[-1]])
		# v15.41 lets a link to nothing pass where other fields are fetched over it
		return True


def comparable_rows(rows) -> list[dict]:
	changing = ("modified", "modified_by", "creation")
	return [
		{key: value for key, value in row.as_dict(convert_dates_to_str=True).items() if key not in changing}
		for row in rows or []
	]


def check_email(document, value: str) -> None:
	if document.owner in frappe.STANDARD_USERS and value in frappe.STANDARD_USERS:
		return
	for address in split_emails(value):
		validate_email_address(address)


def check_name(document, value: str) -> None:
	if any(not (letter.isalpha() or letter in " '.-,()") for letter in value):
		frappe.throw(f"{value} is not a valid Name", frappe.InvalidNameError)


def check_phone(document, value: str) -> None:
	if (
		not value.strip()
		.lstrip("+")
		.replace(" ", "")
		.replace("-", "")
		.replace("(", "")
		.replace(")", "")
		.isdigit()
	):
		frappe.throw(f"{value} is not a valid Phone Number", frappe.InvalidPhoneNumberError)


CHECKED_DATA = {
	"Email": check_email,
	"Name": check_name,
	"Phone": check_phone,
	"URL": lambda _document, value: validate_url(value),
}

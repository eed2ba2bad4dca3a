"""A document's rows in the database."""

import frappe
import pymysql
from frappe.model.naming import set_new_name
from frappe.utils import cstr, now

HASH_ATTEMPTS = 5


class Storage:
	def db_insert(self, ignore_if_duplicate=False) -> None:
		"""INSERT this one row, without hooks and checks.

		DuplicateEntryError if the name is taken (unless ignored), UniqueValidationError if
		another unique value is.
		"""
		if not self.name:
			set_new_name(self)
		if not self.creation:
			self.creation = self.modified = now()
			self.owner = self.modified_by = frappe.session.user
		values = self.get_valid_dict(convert_dates_to_str=True)
		columns = ", ".join(f"`{column}`" for column in values)
		marks = ", ".join(["%s"] * len(values))
		query = f"INSERT INTO `tab{self.doctype}` ({columns}) VALUES ({marks})"
		try:
			frappe.db.sql(query, list(values.values()))
		except pymysql.Error as error:
			if not self.is_ignorable(error, ignore_if_duplicate):
				return
		self.set("__islocal", False)

	def is_ignorable(self, error, ignore_if_duplicate: bool) -> bool:
		"""False if the row went in under a fresh hash instead; raises what cannot be settled."""
		if frappe.db.is_primary_key_violation(error):
			if self.meta.autoname == "hash":
				self.insert_under_another_hash(error)
				return False
			if not ignore_if_duplicate:
				message = f"{self.doctype} {frappe.bold(self.name)} already exists"
				frappe.msgprint(message, title="Duplicate Name", indicator="red")
				raise frappe.DuplicateEntryError(self.doctype, self.name, error)
			return True
		if frappe.db.is_unique_key_violation(error):
			self.show_unique_validation_message(error)
		raise error

	def insert_under_another_hash(self, error) -> None:
		self.flags.retry_count = (self.flags.retry_count or 0) + 1
		if self.flags.retry_count > HASH_ATTEMPTS:
			raise error
		self.name = None
		self.db_insert()

	def db_update(self) -> None:
		"""UPDATE this one row (INSERT a new one), without hooks and checks."""
		if self.get("__islocal") or not self.name:
			self.db_insert()
			return
		values = self.get_valid_dict(convert_dates_to_str=True)
		name = cstr(values.pop("name"))
		changes = ", ".join(f"`{column}` = %s" for column in values)
		try:
			frappe.db.sql(
				f"UPDATE `tab{self.doctype}` SET {changes} WHERE `name` = %s", [*values.values(), name]
			)
		except pymysql.Error as error:
			if frappe.db.is_unique_key_violation(error):
				self.show_unique_validation_message(error)
			raise

	def show_unique_validation_message(self, error) -> None:
		key = str(error).split("'")[-2].split(".")[-1]
		columns = frappe.db.sql(
			f"SHOW INDEX FROM `tab{self.doctype}` WHERE key_name = %s AND Non_unique = 0", key, as_dict=True
		)
		fieldname = columns[0].Column_name if columns else key
		frappe.msgprint(f"{self.get_label_from_fieldname(fieldname) or fieldname} must be unique")
		raise frappe.UniqueValidationError(self.doctype, self.name, error)

	def update_single(self, d) -> None:
		frappe.db.delete("Singles", {"doctype": self.doctype})
		for field, value in d.items():
			if field != "doctype":
				frappe.db.sql(
					"insert into `tabSingles` (doctype, field, value) values (%s, %s, %s)",
					(self.doctype, field, value),
				)
		frappe.db.value_cache.pop(self.doctype, None)

	def update_child_table(self, field) -> None:
		"""Delete rows that are no longer there, then write all others."""
		rows = self.get(field.fieldname) or []
		kept = [row.name for row in rows if row.name and not row.is_new()]
		filters = {"parent": self.name, "parenttype": self.doctype, "parentfield": field.fieldname}
		if kept:
			filters["name"] = ("not in", kept)
		frappe.db.delete(field.options, filters)
		for row in rows:
			row.db_update()

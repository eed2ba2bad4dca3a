"""Documents: loading, the life cycle of insert and save, and hooks."""

from datetime import date, datetime

import frappe
from frappe._api.unsupported import refuse, refused
from frappe.model.access import Access
from frappe.model.base_document import BaseDocument
from frappe.model.naming import set_new_name, validate_name
from frappe.model.storage import Storage
from frappe.model.validation import Validation
from frappe.utils import cint, cstr, get_datetime, getdate, now


class Document(Validation, Storage, Access, BaseDocument):
	"""The base of all controllers."""

	def __init__(self, *args, **kwargs):
		self.doctype = None
		self.name = None
		self.flags = frappe._dict()
		if args and isinstance(args[0], str):
			self.doctype = args[0]
			self.name = self.doctype if len(args) == 1 else args[1]
			self.flags.for_update = kwargs.get("for_update")
			self.load_from_db()
			return
		values = args[0] if args and args[0] else kwargs
		if not values:
			raise ValueError("Illegal arguments")
		BaseDocument.__init__(self, values)
		self.init_child_tables()
		self.init_valid_columns()

	def load_from_db(self):
		"""Read this document and its child rows; DoesNotExistError if it is gone."""
		self.flags.ignore_children = True
		if self.meta.issingle:
			self.load_single()
		else:
			self.load_row()
		self.flags.pop("ignore_children", None)
		for field in self.meta.get_table_fields():
			filters = {"parent": self.name, "parenttype": self.doctype, "parentfield": field.fieldname}
			rows = frappe.db.get_values(
				field.options,
				filters,
				"*",
				as_dict=True,
				order_by="idx asc",
				for_update=self.flags.for_update,
			)
			self.set(field.fieldname, rows or [])
		if hasattr(self, "__setup__"):
			self.__setup__()
		return self

	def load_single(self) -> None:
		values = frappe.db.get_singles_dict(self.doctype, for_update=self.flags.for_update)
		if not values:
			values = frappe.new_doc(self.doctype, as_dict=True)
			values["name"] = self.doctype
			del values["__islocal"]
		BaseDocument.__init__(self, values)
		self.init_valid_columns()
		self._fix_numeric_types()

	def load_row(self) -> None:
		options = {} if isinstance(self.name, dict | list) else {"order_by": None}
		row = frappe.db.get_value(
			self.doctype, self.name, "*", as_dict=True, for_update=self.flags.for_update, **options
		)
		if not row:
			frappe.throw(f"{self.doctype} {self.name} not found", frappe.DoesNotExistError)
		BaseDocument.__init__(self, row)

	def reload(self):
		return self.load_from_db()

	def insert(
		self,
		ignore_permissions=None,
		ignore_links=None,
		ignore_if_duplicate=False,
		ignore_mandatory=None,
		set_name=None,
	):
		"""Store a new document in the current transaction.

		Order: defaults, links, permission, before_insert, name, before_validate, validate,
		before_save, checks, INSERT, after_insert, on_update, on_change.
		"""
		given = {
			"ignore_permissions": ignore_permissions,
			"ignore_links": ignore_links,
			"ignore_mandatory": ignore_mandatory,
		}
		self.flags.update({name: value for name, value in given.items() if value is not None})
		self.set("__islocal", True)
		self._set_defaults()
		self.set_user_and_timestamp()
		self.check_if_latest()
		self._validate_links()
		self.check_permission("create")
		self.run_method("before_insert")
		self.set_new_name(set_name)
		self.set_parent_in_children()
		self.validate_higher_perm_levels()
		self.flags.in_insert = True
		self.run_before_save_methods()
		self._validate()
		self.flags.in_insert = False
		if self.meta.issingle:
			self.update_single(self.get_valid_dict())
		else:
			self.db_insert(ignore_if_duplicate=ignore_if_duplicate)
		for row in self.get_all_children():
			row.db_insert()
		self.run_method("after_insert")
		self.flags.in_insert = True
		self.run_post_save_methods()
		self.flags.in_insert = False
		self.__dict__.pop("__islocal", None)
		self.__dict__.pop("__unsaved", None)
		return self

	def save(self, ignore_permissions=None):
		"""Store changes; a new document is inserted.

		TimestampMismatchError if the stored document was changed since this one was read.
		"""
		if ignore_permissions is not None:
			self.flags.ignore_permissions = ignore_permissions
		if self.get("__islocal") or not self.get("name"):
			return self.insert()
		self._set_defaults()
		self.check_permission("write", "save")
		self.set_user_and_timestamp()
		self.check_if_latest()
		self.set_parent_in_children()
		for row in self.get_all_children():
			if not row.name:
				set_new_name(row)
		self.validate_higher_perm_levels()
		self._validate_links()
		self.run_before_save_methods()
		self._validate()
		if self.meta.issingle:
			self.update_single(self.get_valid_dict())
		else:
			self.db_update()
		for field in self.meta.get_table_fields():
			self.update_child_table(field)
		self.run_post_save_methods()
		self.__dict__.pop("__unsaved", None)
		return self

	def _set_defaults(self) -> None:
		if frappe.flags.in_import:
			return
		if self.is_new():
			self.update_if_missing(frappe.new_doc(self.doctype, as_dict=True))
		for field in self.meta.get_table_fields():
			new_row = frappe.new_doc(
				field.options, parent_doc=self, parentfield=field.fieldname, as_dict=True
			)
			for row in self.get(field.fieldname) or []:
				if row.is_new():
					row.update_if_missing(new_row)

	def set_user_and_timestamp(self) -> None:
		self._original_modified = self.modified
		self.modified = now()
		self.modified_by = frappe.session.user
		in_setup = frappe.flags.in_install or frappe.flags.in_patch or frappe.flags.in_migrate
		if self.is_new() and not in_setup:
			self.creation = self.modified
			self.owner = self.modified_by
		for row in self.get_all_children():
			row.modified = self.modified
			row.modified_by = self.modified_by
			row.owner = row.owner or self.owner
			row.creation = row.creation or self.creation
			row.docstatus = self.docstatus
		frappe.flags.currently_saving.append((self.doctype, self.name))

	def check_if_latest(self) -> None:
		self.load_doc_before_save(raise_exception=True)
		self._action = "save"
		if cint(self.docstatus):
			raise refuse("submitted documents")
		previous = self._doc_before_save
		if previous and cstr(previous.modified) != cstr(self._original_modified):
			message = (
				"Error: Document has been modified after you have opened it "
				f"({previous.modified}, {self.modified}). Please refresh to get the latest document."
			)
			frappe.msgprint(message, raise_exception=frappe.TimestampMismatchError)

	def load_doc_before_save(self, *, raise_exception: bool = False) -> None:
		"""Read and lock the stored document, for comparing."""
		self._doc_before_save = None
		if self.is_new():
			return
		try:
			self._doc_before_save = frappe.get_doc(self.doctype, self.name, for_update=True)
		except frappe.DoesNotExistError:
			if raise_exception:
				raise
			frappe.clear_last_message()

	def get_latest(self):
		if not getattr(self, "_doc_before_save", None):
			self.load_doc_before_save()
		return self._doc_before_save

	def get_doc_before_save(self):
		return getattr(self, "_doc_before_save", None)

	def has_value_changed(self, fieldname) -> bool:
		previous = self.get_doc_before_save()
		if not previous:
			return True
		before, current = previous.get(fieldname), self.get(fieldname)
		if isinstance(before, datetime):
			current = get_datetime(current)
		elif isinstance(before, date):
			current = getdate(current)
		return before != current

	def set_new_name(self, name: str | None = None) -> None:
		if name:
			self.name = validate_name(self.doctype, name)
		else:
			set_new_name(self)
		for row in self.get_all_children():
			set_new_name(row)

	def set_parent_in_children(self) -> None:
		for row in self.get_all_children():
			row.parent = self.name
			row.parenttype = self.doctype

	def run_before_save_methods(self) -> None:
		self.run_method("before_validate")
		self.run_method("validate")
		self.run_method("before_save")

	def run_post_save_methods(self) -> None:
		self.run_method("on_update")
		self.clear_cache()
		self.notify_update()
		self.run_method("on_change")
		if (self.doctype, self.name) in frappe.flags.currently_saving:
			frappe.flags.currently_saving.remove((self.doctype, self.name))

	def clear_cache(self) -> None:
		frappe.clear_document_cache(self.doctype, self.name)

	def notify_update(self) -> None:
		"""Tell connected clients, after the commit, that this document changed."""
		if frappe.flags.in_patch:
			return
		what = {"doctype": self.doctype, "name": self.name}
		frappe.publish_realtime(
			"doc_update",
			{"modified": self.modified, **what},
			doctype=self.doctype,
			docname=self.name,
			after_commit=True,
		)
		if not (self.meta.read_only or self.meta.issingle or self.meta.istable):
			frappe.publish_realtime("list_update", {**what, "user": frappe.session.user}, after_commit=True)

	def run_method(self, method, *args, **kwargs):
		"""Call the controller's method of this name, then the doc_events hooks for it."""
		function = getattr(self, method, None)
		if method in self.__dict__ or callable(function):
			self.add_return_value(function(*args, **kwargs))
		events = frappe.get_doc_hooks()
		for path in [*events.get(self.doctype, {}).get(method, []), *events.get("*", {}).get(method, [])]:
			self.add_return_value(frappe.get_attr(path)(self, method, *args, **kwargs))
		return self.__dict__.pop("_return_value", None)

	def add_return_value(self, value) -> None:
		if value is None:
			return
		if isinstance(value, dict):
			value = {**(self.get("_return_value") or {}), **value}
		self._return_value = value

	def delete(self, ignore_permissions=False, force=False, *, delete_permanently=False):
		return frappe.delete_doc(
			self.doctype,
			self.name,
			ignore_permissions=ignore_permissions,
			flags=self.flags,
			force=force,
			delete_permanently=delete_permanently,
		)

	def db_set(self, fieldname, value=None, update_modified=True) -> None:
		"""Write values to the database and this document, without validation."""
		self.update(fieldname if isinstance(fieldname, dict) else {fieldname: value})
		if update_modified and (self.doctype, self.name) not in frappe.flags.currently_saving:
			self.set("modified", now())
			self.set("modified_by", frappe.session.user)
		if not self.get_doc_before_save():
			self.load_doc_before_save()
		options = {
			"modified": self.modified,
			"modified_by": self.modified_by,
			"update_modified": update_modified,
		}
		if self.meta.issingle:
			frappe.db.set_single_value(self.doctype, fieldname, value, **options)
		else:
			frappe.db.set_value(self.doctype, self.name, fieldname, value, **options)
		self.run_method("on_change")

	def get_title(self) -> str:
		return self.get(self.meta.get_title_field()) or ""

	def add_comment(self, comment_type="Comment", text=None):
		return frappe.get_doc(
			{
				"doctype": "Comment",
				"comment_type": comment_type,
				"comment_email": frappe.session.user,
				"reference_doctype": self.doctype,
				"reference_name": self.name,
				"content": text or comment_type,
			}
		).insert(ignore_permissions=True)

	submit = refused("Document.submit")
	cancel = refused("Document.cancel")
	rename = refused("Document.rename")
	lock = refused("Document.lock")
	unlock = refused("Document.unlock")
	queue_action = refused("Document.queue_action")

	def __repr__(self) -> str:
		parent = f" parent={self.parent}" if getattr(self, "parent", None) else ""
		return f"<{self.__class__.__name__}: {self.name or 'unsaved'}{parent}>"

	def __str__(self) -> str:
		return f"{self.__class__.__name__}({self.name or 'unsaved'})"

"""Documents: loading, the life cycle of insert and save, and hooks."""

from datetime import date, datetime, timedelta

import frappe
from frappe._api.unsupported import refuse, refused
from frappe.model.access import Access
from frappe.model.base_document import BaseDocument
from frappe.model.docstatus import DocStatus
from frappe.model.naming import set_new_name, validate_name
from frappe.model.storage import Storage
from frappe.model.validation import Validation
from frappe.utils import cstr, get_datetime, get_timedelta, getdate, now


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
		set_child_names=True,
	):
		"""Store a new document in the current transaction.

		Order: defaults, links, permission, before_insert, name, before_validate, validate,
		before_save, checks, INSERT, after_insert, on_update, on_change.
		"""
		self.set_flags(
			ignore_permissions=ignore_permissions,
			ignore_links=ignore_links,
			ignore_mandatory=ignore_mandatory,
		)
		self.set("__islocal", True)
		self._set_defaults()
		self.set_user_and_timestamp()
		self.set_docstatus()
		self.check_if_latest()
		self._validate_links()
		self.check_permission("create")
		self.run_method("before_insert")
		self.set_new_name(set_name=set_name, set_child_names=set_child_names)
		self.set_parent_in_children()
		self.validate_higher_perm_levels()
		self.flags.in_insert = True
		self.run_before_save_methods()
		self._validate()
		self.set_docstatus()
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

	def set_flags(self, **flags) -> None:
		self.flags.notifications_executed = []
		self.flags.update({name: value for name, value in flags.items() if value is not None})

	def save(self, *args, **kwargs):
		return self._save(*args, **kwargs)

	def _save(self, ignore_permissions=None, ignore_version=None):
		"""Store changes; a new document is inserted.

		TimestampMismatchError if the stored document was changed since this one was read.
		"""
		self.set_flags(ignore_permissions=ignore_permissions)
		self.flags.ignore_version = frappe.flags.in_test if ignore_version is None else ignore_version
		if self.get("__islocal") or not self.get("name"):
			return self.insert()
		self._set_defaults()
		self.check_permission("write", "save")
		self.set_user_and_timestamp()
		self.set_docstatus()
		self.check_if_latest()
		self.set_parent_in_children()
		self.set_name_in_children()
		self.validate_higher_perm_levels()
		self._validate_links()
		self.run_before_save_methods()
		self._validate()
		self.set_docstatus()
		if self.meta.issingle:
			self.update_single(self.get_valid_dict())
		else:
			self.db_update()
		self.update_children()
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
		frappe.flags.currently_saving.append((self.doctype, self.name))

	def set_docstatus(self) -> None:
		if self.docstatus is None:
			self.docstatus = DocStatus.draft()
		for row in self.get_all_children():
			row.docstatus = self.docstatus

	def check_if_latest(self) -> None:
		self.load_doc_before_save(raise_exception=True)
		self._action = "save"
		if self.docstatus != DocStatus.draft():
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
		elif isinstance(before, timedelta):
			current = get_timedelta(current)
		return before != current

	def set_new_name(self, force=False, set_name=None, set_child_names=True) -> None:
		if self.flags.name_set and not force:
			return
		autoname = self.meta.autoname or ""
		if self.get("__newname") and autoname.lower() == "prompt":
			self.name = validate_name(self.doctype, self.get("__newname"))
			self.flags.name_set = True
			return
		if set_name:
			self.name = validate_name(self.doctype, set_name)
		else:
			set_new_name(self)
		for row in self.get_all_children() if set_child_names else ():
			set_new_name(row)
		self.flags.name_set = True

	def set_parent_in_children(self) -> None:
		for row in self.get_all_children():
			row.parent = self.name
			row.parenttype = self.doctype

	def set_name_in_children(self) -> None:
		for row in self.get_all_children():
			if not row.name:
				set_new_name(row)

	def run_before_save_methods(self) -> None:
		self.run_method("before_validate")
		if self.flags.ignore_validate:
			return
		self.run_method("validate")
		self.run_method("before_save")
		self.set_title_field()

	def set_title_field(self) -> None:
		field = self.meta.get_field("title") if self.meta.title_field == "title" else None
		if not field:
			return
		values = {key: "" if value is None else value for key, value in self.as_dict().items()}
		if field.options:
			self.set("title", field.options.format(**values))
		elif self.is_new() and not self.get("title") and field.default:
			self.set("title", field.default.format(**values))

	def run_post_save_methods(self) -> None:
		self.run_method("on_update")
		self.clear_cache()
		if self.flags.get("notify_update", True):
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

	def db_set(self, fieldname, value=None, update_modified=True, notify=False, commit=False) -> None:
		"""Write values to the database and this document, without validation."""
		self.update(fieldname if isinstance(fieldname, dict) else {fieldname: value})
		if update_modified and (self.doctype, self.name) not in frappe.flags.currently_saving:
			self.set("modified", now())
			self.set("modified_by", frappe.session.user)
		if not self.get_doc_before_save():
			self.load_doc_before_save()
		self.run_method("before_change")
		if self.name is None:
			return
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
		if notify:
			self.notify_update()
		if commit:
			frappe.db.commit()

	def get_title(self) -> str:
		return self.get(self.meta.get_title_field()) or ""

	def add_comment(self, comment_type="Comment", text=None, comment_email=None, comment_by=None):
		return frappe.get_doc(
			{
				"doctype": "Comment",
				"comment_type": comment_type,
				"comment_email": comment_email or frappe.session.user,
				"comment_by": comment_by,
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


def bulk_insert(doctype, documents, ignore_duplicates: bool = False, chunk_size=10_000) -> None:
	"""INSERT documents and their child rows, without hooks, names or checks."""
	documents = list(documents)
	tables = {doctype: documents}
	for field in frappe.get_meta(doctype).get_table_fields():
		rows = [row for document in documents for row in document.get(field.fieldname)]
		tables.setdefault(field.options, []).extend(rows)
	for table, rows in tables.items():
		columns = frappe.get_meta(table).get_valid_columns()
		values = (stamped_values(row, columns) for row in rows)
		frappe.db.bulk_insert(
			table, columns, values, ignore_duplicates=ignore_duplicates, chunk_size=chunk_size
		)


def stamped_values(document, columns: list[str]) -> tuple:
	document.creation = document.modified = now()
	document.owner = document.modified_by = frappe.session.user
	values = document.get_valid_dict(convert_dates_to_str=True, ignore_nulls=True)
	return tuple(values.get(column) for column in columns)

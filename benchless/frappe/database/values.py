"""Reading and writing values without Documents: no hooks, no permissions, no validation."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import frappe
from frappe._api.unsupported import refuse_options
from frappe.query_builder.functions import Count
from frappe.utils import cast, get_datetime, getdate, now, sbool

DefaultOrderBy = "KEEP_DEFAULT_ORDERING"


class Values:
	def get_value(self, doctype, filters=None, fieldname="name", ignore=None, as_dict=False, **options):
		"""Field values of the first match: one value, or a row of several; None without a match."""
		rows = self.get_values(doctype, filters, fieldname, ignore, as_dict, limit=1, **options)
		if not rows:
			return None
		return rows[0] if as_dict or len(rows[0]) > 1 else rows[0][0]

	def get_values(
		self,
		doctype,
		filters=None,
		fieldname="name",
		ignore=None,
		as_dict=False,
		*,
		debug=False,
		order_by=DefaultOrderBy,
		cache=False,
		for_update=False,
		pluck=False,
		limit=None,
		skip_locked=False,
		wait=True,
		**unknown,
	):
		"""Rows of field values. A name, a dict or a list of filters selects them.

		`filters=None`, or the DocType's own name, reads a Single. `for_update` locks the rows;
		`wait=False` raises QueryTimeoutError, `skip_locked` leaves out rows others hold.
		"""
		refuse_options("frappe.db.get_values", unknown)
		is_name = isinstance(filters, str)
		key = (doctype, filters, fieldname if isinstance(fieldname, str) else tuple(fieldname or ()))
		if cache and is_name and key in self.value_cache:
			return self.value_cache[key]
		if filters is None or (filters == doctype and doctype != "DocType"):
			rows = self.get_values_from_single(fieldname, filters, doctype, as_dict)
		else:
			if isinstance(filters, list):
				filters = [entry for entry in filters if entry]
				if not filters:
					return []
				wait = True
			elif order_by == DefaultOrderBy:
				order_by = "modified"
			locking = {"for_update": for_update, "skip_locked": skip_locked, "wait": wait}
			query = frappe.qb.get_query(
				doctype, fields=fieldname, filters=filters, order_by=order_by, limit=limit, **locking
			)
			try:
				rows = query.run(as_dict=as_dict or fieldname == "*", debug=debug, pluck=pluck)
			except (self.ProgrammingError, self.OperationalError) as error:
				if not (ignore and self.is_missing_table_or_column(error)):
					raise
				return None
		if cache and is_name:
			self.value_cache[key] = rows
		return rows

	def get_values_from_single(self, fields, filters, doctype, as_dict=False) -> list:
		values = self.get_singles_dict(doctype)
		if any(values.get(key) != value for key, value in (filters or {}).items()):
			return []
		if fields == "*":
			return [values] if values else []
		fields = [fields] if isinstance(fields, str) else fields
		found = frappe._dict({field: values[field] for field in fields if field in values})
		if not found:
			return []
		return [found] if as_dict else [[found.get(field) for field in fields]]

	def get_singles_dict(self, doctype, *, for_update=False) -> frappe._dict:
		"""The stored values of a Single, as texts."""
		query = frappe.qb.get_query(
			"Singles", filters={"doctype": doctype}, fields=["field", "value"], for_update=for_update
		)
		return frappe._dict(query.run())

	def get_single_value(self, doctype, fieldname, cache=True):
		"""A Single's value as its field's type; remembered by this connection."""
		known = self.value_cache.setdefault(doctype, {})
		if cache and fieldname in known:
			return known[fieldname]
		rows = frappe.qb.get_query(
			"Singles", filters={"doctype": doctype, "field": fieldname}, fields="value"
		).run()
		field = frappe.get_meta(doctype).get_field(fieldname)
		if not field:
			frappe.throw(f"Field {frappe.bold(fieldname)} does not exist on {frappe.bold(doctype)}")
		known[fieldname] = cast(field.fieldtype, rows[0][0] if rows else None)
		return known[fieldname]

	def set_single_value(
		self,
		doctype: str,
		fieldname: str | dict,
		value: Any = None,
		*,
		modified=None,
		modified_by=None,
		update_modified=True,
	) -> None:
		changes = as_changes(fieldname, value, modified, modified_by, update_modified)
		self.delete("Singles", {"field": ("in", tuple(changes)), "doctype": doctype})
		rows = [(doctype, key, sbool(new)) for key, new in changes.items()]
		frappe.qb.into("Singles").columns("doctype", "field", "value").insert(*rows).run()
		frappe.clear_document_cache(doctype, doctype)
		self.value_cache.pop(doctype, None)

	def set_value(
		self, dt, dn, field, val=None, modified=None, modified_by=None, update_modified=True
	) -> None:
		"""UPDATE one row by name, or all that match filters; `field` may be a dict of values."""
		if dn is None or dt == dn:
			if frappe.get_meta(dt).issingle:
				options = {"modified": modified, "modified_by": modified_by}
				self.set_single_value(dt, field, val, update_modified=update_modified, **options)
			return
		query = frappe.qb.get_query(dt, filters=dn, update=True)
		changes = as_changes(field, val, modified, modified_by, update_modified)
		frappe.clear_document_cache(dt, *([dn] if isinstance(dn, str) else []))
		for column, value in changes.items():
			query = query.set(column, value)
		query.run()
		self.value_cache.pop(dt, None)

	def exists(self, dt, dn=None, cache=False):
		"""The name of a match, or None; a Single always exists."""
		if dt != "DocType" and dt == dn:
			return dn
		if isinstance(dt, dict):
			dn = {key: value for key, value in dt.items() if key != "doctype"}
			dt = dt["doctype"]
		return self.get_value(dt, dn, ignore=True, cache=cache, order_by=None)

	def count(self, dt, filters=None, debug=False, cache=False) -> int:
		"""The number of matches; with `cache`, of all rows as counted in the last day."""
		key = f"doctype:count:{dt}"
		if cache and not filters and (known := frappe.cache.get_value(key)) is not None:
			return known
		query = frappe.qb.get_query(dt, filters=filters, fields=Count("*"))
		count = query.run(debug=debug)[0][0]
		if cache and not filters:
			frappe.cache.set_value(key, count, expires_in_sec=86400)
		return count

	def delete(self, doctype: str, filters: dict | list | None = None) -> None:
		"""DELETE matching rows; without filters all of them."""
		frappe.qb.get_query(doctype, filters=filters, delete=True).run()

	def bulk_insert(
		self,
		doctype: str,
		fields: list[str],
		values: Iterable[Sequence[Any]],
		ignore_duplicates=False,
		*,
		chunk_size=10_000,
	) -> None:
		"""INSERT rows in chunks of `chunk_size`; `ignore_duplicates` leaves out rows that exist."""
		query = frappe.qb.into(frappe.qb.DocType(doctype)).columns(fields)
		if ignore_duplicates:
			query = query.ignore()
		rows = iter(values)
		while chunk := tuple(itertools.islice(rows, chunk_size)):
			query.insert(*chunk).run()

	@staticmethod
	def format_date(date) -> str:
		return getdate(date).strftime("%Y-%m-%d")

	@staticmethod
	def format_datetime(datetime) -> str:
		if not datetime:
			return "0001-01-01 00:00:00.000000"
		return get_datetime(datetime).strftime("%Y-%m-%d %H:%M:%S.%f")


def as_changes(fieldname, value, modified, modified_by, update_modified) -> dict[str, Any]:
	changes = dict(fieldname) if isinstance(fieldname, dict) else {fieldname: value}
	if update_modified:
		changes["modified"] = modified or now()
		changes["modified_by"] = modified_by or frappe.session.user
	return changes

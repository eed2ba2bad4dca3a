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
	def get_value(
		self,
		doctype,
		filters=None,
		fieldname="name",
		ignore=None,
		as_dict=False,
		debug=False,
		order_by=DefaultOrderBy,
		cache=False,
		for_update=False,
		*,
		run=True,
		pluck=False,
		distinct=False,
		skip_locked=False,
		wait=True,
	):
		"""Field values of the first match: one value, or a row of several; None without a match."""
		rows = self.get_values(
			doctype,
			filters,
			fieldname,
			ignore,
			as_dict,
			debug,
			order_by,
			cache=cache,
			for_update=for_update,
			run=run,
			pluck=pluck,
			distinct=distinct,
			limit=1,
			skip_locked=skip_locked,
			wait=wait,
		)
		if not run:
			return rows
		if not rows:
			return None
		row = rows[0]
		return row if as_dict or len(row) > 1 else row[0]

	def get_values(
		self,
		doctype,
		filters=None,
		fieldname="name",
		ignore=None,
		as_dict=False,
		debug=False,
		order_by=DefaultOrderBy,
		update=None,
		cache=False,
		for_update=False,
		*,
		run=True,
		pluck=False,
		distinct=False,
		limit=None,
		skip_locked=False,
		wait=True,
	):
		"""Rows of field values. A name, a list of names, a dict or a list of filters selects them.

		`filters=None`, or the DocType's own name, reads a Single. `for_update` locks the rows;
		`wait=False` raises QueryTimeoutError, `skip_locked` leaves out rows others hold.
		"""
		is_name = isinstance(filters, str)
		key = (doctype, filters, fieldname if isinstance(fieldname, str) else tuple(fieldname or ()))
		if cache and is_name and key in self.value_cache:
			return self.value_cache[key]
		result = {"as_dict": as_dict, "debug": debug, "update": update, "run": run, "pluck": pluck}
		if filters is None or (filters == doctype and doctype != "DocType"):
			rows = self.get_values_from_single(fieldname, filters, doctype, **result)
		else:
			selection = {
				"order_by": None if distinct else order_by,
				"limit": limit,
				"distinct": distinct,
				"for_update": for_update,
				"skip_locked": skip_locked,
				"wait": wait,
			}
			rows = self.values_of(doctype, filters, fieldname, selection, result, ignore)
		if cache and is_name:
			self.value_cache[key] = rows
		return rows

	def values_of(self, doctype, filters, fieldname, selection: dict, result: dict, ignore):
		if isinstance(filters, list):
			filters = [entry for entry in filters if entry]
			if not filters:
				return {}
			selection["wait"] = True
		elif selection["order_by"] == DefaultOrderBy:
			selection["order_by"] = "modified"
		if fieldname == "*":
			result["as_dict"] = True if not isinstance(filters, list) else result["as_dict"]
		try:
			query = frappe.qb.get_query(
				doctype, fields=fieldname, filters=filters, validate_filters=True, **selection
			)
			return query.run(**result)
		except (self.ProgrammingError, self.OperationalError) as error:
			if isinstance(filters, list) or not self.is_missing_table_or_column(error):
				raise
			if ignore:
				return None
			if self.is_table_missing(error):
				return self.get_values_from_single(fieldname, filters, doctype, **result)
			raise

	def get_values_from_single(
		self, fields, filters, doctype, as_dict=False, debug=False, update=None, *, run=True, pluck=False
	):
		fields = [fields] if isinstance(fields, str) and fields != "*" else fields
		values = self.get_singles_dict(doctype)
		if fields == "*" or isinstance(filters, dict):
			if any(values.get(key) != value for key, value in (filters or {}).items()):
				return []
			if as_dict:
				return [values] if values else []
			return [[values.get(field) for field in fields]] if fields != "*" else []
		found = frappe._dict({field: values[field] for field in fields if field in values})
		if not found:
			return []
		found.update(update or {})
		return [found] if as_dict else [[found.get(field) for field in fields]]

	def get_singles_dict(self, doctype, debug=False, *, for_update=False, cast=False):
		"""The stored values of a Single; texts, unless `cast` by their fields' types."""
		query = frappe.qb.get_query(
			"Singles", filters={"doctype": doctype}, fields=["field", "value"], for_update=for_update
		)
		values = frappe._dict(query.run(debug=debug))
		if not cast:
			return values
		meta = frappe.get_meta(doctype)
		for fieldname in values:
			if field := meta.get_field(fieldname):
				values[fieldname] = frappe.utils.cast(field.fieldtype, values[fieldname])
		return values

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
		debug=False,
	) -> None:
		changes = as_changes(fieldname, value, modified, modified_by, update_modified)
		self.delete("Singles", {"field": ("in", tuple(changes)), "doctype": doctype}, debug=debug)
		rows = [(doctype, key, sbool(new)) for key, new in changes.items()]
		frappe.qb.into("Singles").columns("doctype", "field", "value").insert(*rows).run(debug=debug)
		frappe.clear_document_cache(doctype, doctype)
		self.value_cache.pop(doctype, None)

	def set_value(
		self,
		dt,
		dn,
		field,
		val=None,
		modified=None,
		modified_by=None,
		update_modified=True,
		debug=False,
	) -> None:
		"""UPDATE one row by name, or all that match filters; `field` may be a dict of values."""
		if dn is None or dt == dn:
			if frappe.get_meta(dt).issingle:
				options = {
					"modified": modified,
					"modified_by": modified_by,
					"update_modified": update_modified,
				}
				self.set_single_value(dt, field, val, debug=debug, **options)
			return
		query = frappe.qb.get_query(dt, filters=dn, update=True, validate_filters=True)
		changes = as_changes(field, val, modified, modified_by, update_modified)
		frappe.clear_document_cache(dt, *([dn] if isinstance(dn, str) else []))
		for column, value in changes.items():
			query = query.set(column, value)
		query.run(debug=debug)
		for key in [key for key in self.value_cache if key == dt]:
			del self.value_cache[key]

	def exists(self, dt, dn=None, cache=False):
		"""The name of a match, or None; a Single always exists."""
		if dt != "DocType" and dt == dn:
			return dn
		if isinstance(dt, dict):
			dn = {key: value for key, value in dt.items() if key != "doctype"}
			dt = dt["doctype"]
		return self.get_value(dt, dn, ignore=True, cache=cache, order_by=None)

	def count(self, dt, filters=None, debug=False, cache=False, distinct: bool = True) -> int:
		"""The number of matches; with `cache`, of all rows as counted in the last day."""
		key = f"doctype:count:{dt}"
		if cache and not filters and (known := frappe.cache.get_value(key)) is not None:
			return known
		query = frappe.qb.get_query(
			dt, filters=filters, fields=Count("*"), distinct=distinct, validate_filters=True
		)
		count = query.run(debug=debug)[0][0]
		if cache and not filters:
			frappe.cache.set_value(key, count, expires_in_sec=86400)
		return count

	def delete(self, doctype: str, filters: dict | list | None = None, debug=False, **kwargs):
		"""DELETE matching rows; without filters all of them."""
		filters = filters or kwargs.pop("conditions", None)
		refuse_options("frappe.db.delete", kwargs)
		query = frappe.qb.get_query(doctype, filters=filters, delete=True, validate_filters=True)
		return query.run(debug=debug)

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
	def get_all(*args, **kwargs):
		return frappe.get_all(*args, **kwargs)

	@staticmethod
	def get_list(*args, **kwargs):
		return frappe.get_list(*args, **kwargs)

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

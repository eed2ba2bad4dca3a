"""`frappe.qb.get_query`: a query from field names and filters."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne

import frappe
from frappe._api.unsupported import refuse
from pypika import Order
from pypika.queries import QueryBuilder, Table
from pypika.terms import Criterion, Field, Term

TABLE_NAME = re.compile(r"[\w -]*", re.ASCII)
SPECIAL_IN_NAME = re.compile(r"[\W]", re.UNICODE)
NAMES = re.compile(r"`?\w+`?(\s*,\s*`?\w+`?)*", re.ASCII)


def split_list(value):
	return value.split(",") if isinstance(value, str) else value


OPERATORS: dict[str, Callable] = {
	"=": eq,
	"!=": ne,
	"<": lt,
	">": gt,
	"<=": le,
	"=<": le,
	">=": ge,
	"=>": ge,
	"in": lambda field, value: field.isin(split_list(value)),
	"not in": lambda field, value: field.notin(split_list(value)),
	"like": lambda field, value: field.like(value),
	"not like": lambda field, value: field.not_like(value),
	"regex": lambda field, value: field.regex(value),
	"between": lambda field, value: field[value[0] : value[1]],
	"is": lambda field, value: field.isnotnull() if value.lower() == "set" else field.isnull(),
}


def get_query(
	doctype: str,
	fields=None,
	filters=None,
	order_by: str | None = None,
	limit: int | None = None,
	*,
	for_update: bool = False,
	update: bool = False,
	delete: bool = False,
	skip_locked: bool = False,
	wait: bool = True,
) -> QueryBuilder:
	"""A SELECT (or UPDATE, or DELETE) on a DocType's table; fields are names or PyPika terms."""
	if not TABLE_NAME.fullmatch(doctype):
		frappe.throw(f"Invalid DocType: {doctype}")
	table = frappe.qb.DocType(doctype)
	query = frappe.qb.update(table) if update else frappe.qb.from_(table)
	if delete:
		query = query.delete()
	elif not update:
		query = query.select(*terms_of(table, fields or "name"))
	for criterion in criteria(table, filters):
		query = query.where(criterion)
	query = ordered(query, order_by)
	query = query.limit(limit) if limit else query
	return query.for_update(skip_locked=skip_locked, nowait=not wait) if for_update else query


def terms_of(table: Table, fields) -> list[Term]:
	terms = []
	for field in fields if isinstance(fields, list | tuple | set) else [fields]:
		if isinstance(field, Term):
			terms.append(field)
		elif NAMES.fullmatch(field):
			terms += [table[name.strip(" `")] for name in field.split(",")]
		elif field == "*":
			terms.append(table.star)
		else:
			raise refuse(f"the field {field!r} of frappe.db.get_value")
	return terms


def criteria(table: Table, filters) -> list[Criterion]:
	"""The conditions of filters in any form: name, dict, list of lists, PyPika criterion."""
	if isinstance(filters, str | int):
		return [table.name == str(filters)]
	if isinstance(filters, Criterion):
		return [filters]
	if isinstance(filters, dict):
		return [criterion(table, field, *operator_and_value(value)) for field, value in filters.items()]
	return [found for entry in filters or () for found in criteria_of_entry(table, entry)]


def operator_and_value(value) -> tuple:
	return tuple(value) if isinstance(value, list | tuple) else ("=", value)


def criteria_of_entry(table: Table, entry) -> list[Criterion]:
	if isinstance(entry, str | int):
		raise refuse("lists of names as filters of frappe.db")
	if isinstance(entry, Criterion | dict):
		return criteria(table, entry)
	if len(entry) == 2:
		return [criterion(table, entry[0], "=", entry[1])]
	if len(entry) == 4:
		if frappe.qb.DocType(entry[0])._table_name != table._table_name:
			raise refuse("filters of get_query on another DocType")
		entry = entry[1:]
	return [criterion(table, *entry)]


def criterion(table: Table, field, operator: str, value) -> Criterion:
	if isinstance(field, str):
		if SPECIAL_IN_NAME.search(field):
			frappe.throw(f"Invalid filter: {field}")
		field = table[field]
	if operator.lower() not in OPERATORS:
		raise refuse(f"the filter operator {operator!r}")
	if isinstance(value, bool):
		value = int(value)
	if isinstance(value, list | tuple) and not value:
		value = ("",)
	if value is None and isinstance(field, Field):
		return field.isnull()
	return OPERATORS[operator.lower()](field, value)


def ordered(query: QueryBuilder, order_by: str | None) -> QueryBuilder:
	"""Fields without a direction are sorted descending."""
	if not order_by or order_by == "KEEP_DEFAULT_ORDERING":
		return query
	for declaration in filter(None, (part.strip() for part in order_by.split(","))):
		field, *direction = declaration.split()
		is_ascending = bool(direction) and direction[0].lower() == "asc"
		query = query.orderby(field.strip("`"), order=Order.asc if is_ascending else Order.desc)
	return query

"""`frappe.qb.get_query`: a query from field names and filters."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne

import frappe
from frappe._api.unsupported import refuse
from pypika import Order, functions
from pypika.queries import QueryBuilder, Table
from pypika.terms import Criterion, Field, PseudoColumn, Term

TABLE_NAME = re.compile(r"[\w -]*", re.ASCII)
SPECIAL_IN_NAME = re.compile(r"[\W]", re.UNICODE)
FUNCTION = re.compile(r"(\w+)\(([^()]*)\)", re.ASCII)
CALLABLE = ("count", "sum", "avg", "max", "min", "abs", "ifnull", "timestamp", "locate")


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
	table: str | Table,
	fields=None,
	filters=None,
	order_by: str | None = None,
	group_by: str | None = None,
	limit: int | None = None,
	offset: int | None = None,
	distinct: bool = False,
	for_update: bool = False,
	update: bool = False,
	into: bool = False,
	delete: bool = False,
	*,
	validate_filters: bool = False,
	skip_locked: bool = False,
	wait: bool = True,
) -> QueryBuilder:
	"""A SELECT (or UPDATE, INSERT, DELETE) on a DocType's table.

	Fields are names, `name as alias`, `count(name) as n`, or PyPika terms; dotted fields that
	join other tables are not supported.
	"""
	if isinstance(table, str):
		if not TABLE_NAME.fullmatch(table):
			frappe.throw(f"Invalid DocType: {table}")
		table = frappe.qb.DocType(table)
	query = start(table, fields, update, into, delete)
	for criterion in criteria(table, filters):
		query = query.where(criterion)
	query = ordered(query, order_by)
	query = query.limit(limit) if limit else query
	query = query.offset(offset) if offset else query
	query = query.distinct() if distinct else query
	query = query.for_update(skip_locked=skip_locked, nowait=not wait) if for_update else query
	return query.groupby(group_by) if group_by else query


def start(table: Table, fields, update: bool, into: bool, delete: bool) -> QueryBuilder:
	if update:
		return frappe.qb.update(table)
	if into:
		return frappe.qb.into(table)
	query = frappe.qb.from_(table)
	if delete:
		return query.delete()
	return query.select(*(terms_of(table, fields) or [table.name]))


def terms_of(table: Table, fields) -> list[Term]:
	if not fields:
		return []
	terms = []
	for field in fields if isinstance(fields, list | tuple | set) else [fields]:
		if isinstance(field, str):
			terms += [term_of(table, part) for part in split_outside_brackets(field)]
		elif isinstance(field, Term):
			terms.append(field)
		else:
			raise refuse(f"the field {field!r} of get_query")
	return terms


def split_outside_brackets(field: str) -> list[str]:
	return [part.strip() for part in re.split(r",\s*(?![^()]*\))", field) if part.strip()]


def term_of(table: Table, field: str) -> Term:
	if field == "*":
		return table.star
	expression, _, alias = field.partition(" as ")
	call = FUNCTION.fullmatch(expression.strip())
	if call and call[1].lower() in CALLABLE:
		term = function_term(table, call[1], call[2])
	elif re.fullmatch(r"`tab[\w -]+`\.`?\w+`?", expression):
		term = PseudoColumn(expression)
	elif "." in expression or "(" in expression:
		raise refuse(f"the field {field!r} of get_query")
	else:
		term = table[expression.strip().strip("`")]
	return term.as_(alias.strip(" `")) if alias else term


def function_term(table: Table, name: str, arguments: str) -> Term:
	if arguments.strip() == "*":
		return (
			functions.Count("*") if name.lower() == "count" else frappe.qb.functions(name.upper(), table.star)
		)
	values = []
	for argument in (part.strip() for part in arguments.split(",")):
		is_literal = argument.isdigit() or argument[:1] in "'\""
		values.append(argument.strip("'\"") if is_literal else Field(argument.strip("`"), table=table))
	return frappe.qb.functions(name.upper(), *values)


def criteria(table: Table, filters) -> list[Criterion]:
	"""The conditions of filters in any form: name, names, dict, list of lists, PyPika criterion."""
	if filters is None:
		return []
	if isinstance(filters, str | int):
		return [table.name == str(filters)]
	if isinstance(filters, Criterion):
		return [filters]
	if isinstance(filters, dict):
		return [criterion(table, field, *operator_and_value(value)) for field, value in filters.items()]
	if not isinstance(filters, list | tuple):
		raise refuse(f"the filters {filters!r} of get_query")
	if filters and all(isinstance(entry, str | int) for entry in filters):
		return [table.name.isin(list(filters))]
	return [found for entry in filters for found in criteria_of_entry(table, entry)]


def operator_and_value(value) -> tuple:
	return tuple(value) if isinstance(value, list | tuple) else ("=", value)


def criteria_of_entry(table: Table, entry) -> list[Criterion]:
	if isinstance(entry, str | int | Criterion | dict):
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

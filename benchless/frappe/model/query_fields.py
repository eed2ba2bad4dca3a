"""The field list of `frappe.get_list`: what is safe, and what each entry means in SQL."""

import re
from dataclasses import dataclass

import frappe

FORBIDDEN_FUNCTIONS = {
	*("concat", "concat_ws", "if", "ifnull", "nullif", "coalesce", "connection_id", "current_user"),
	*("database", "last_insert_id", "session_user", "system_user", "user", "version", "global"),
}
FORBIDDEN_STARTS = ("select ", "delete ", "update ", "drop ", "create ")
SUBQUERY = re.compile(r"\(\s*(select|create|insert|delete|drop|update|case|show)\b")
CLAUSE = re.compile(r"[0-9a-z_]*\s+(from|group by|order by|where|join) ")
TRAILING = re.compile(r"\w+\s*['\",]")
CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
COLUMN = re.compile(r"(?:`?(tab[\w -]+?)`?\.)?`?(\w+|\*)`?", re.ASCII)
ALIAS = re.compile(r"\s+as\s+", re.IGNORECASE)


@dataclass
class SelectedField:
	"""An expression, the columns in it as (table, column), and its alias."""

	expression: str
	columns: list[tuple[str, str]]
	alias: str = ""
	is_call: bool = False

	@property
	def sql(self) -> str:
		return f"{self.expression} as {self.alias}" if self.alias else self.expression


def refuse_unsafe(field: str) -> None:
	"""Raise DataError for a field with a subquery, a forbidden function or a session variable."""
	lower = field.lower().strip()
	call = CALL.search(lower)
	if call and call[1] in FORBIDDEN_FUNCTIONS:
		frappe.throw(f"Use of function {call[1]} in field is restricted", exc=frappe.DataError)
	is_query = lower.startswith(FORBIDDEN_STARTS) or SUBQUERY.search(lower) or CLAUSE.match(lower)
	if is_query or "@" in lower or ";" in lower or TRAILING.match(field):
		frappe.throw("Use of sub-query or function is restricted", frappe.DataError)
	if "/*" in lower or "--" in lower or re.search(r"\sunion\b", lower):
		frappe.throw("Illegal SQL Query")


def parse_field(field: str, doctype: str, join) -> SelectedField:
	"""What one entry selects. `join(fieldname)` gives the table that a dotted name leads to."""
	refuse_unsafe(field)
	expression, *alias = ALIAS.split(field.strip(), maxsplit=1)
	alias_sql = alias[0].strip() if alias else ""
	if alias_sql and not re.fullmatch(r"`[^`]+`|'[^']+'|\w+", alias_sql):
		frappe.throw("Use of sub-query or function is restricted", frappe.DataError)
	call = CALL.fullmatch(expression)
	if not call:
		return column_field(expression, doctype, join, alias_sql)
	is_distinct = call[2].lower().lstrip().startswith("distinct ")
	inside = call[2].lstrip()[len("distinct ") :] if is_distinct else call[2]
	parts = [part.strip() for part in inside.split(",")] if inside.strip() else []
	arguments = [argument_sql(part, doctype, join) for part in parts]
	inner = ", ".join(argument[0] for argument in arguments)
	columns = [column for argument in arguments for column in argument[1]]
	if not alias_sql and "`" not in expression:
		alias_sql = f"`{expression}`"
	return SelectedField(f"{call[1]}({'distinct ' if is_distinct else ''}{inner})", columns, alias_sql, True)


def argument_sql(argument: str, doctype: str, join) -> tuple[str, list]:
	if argument == "*" or re.fullmatch(r"\d+|'[^']*'", argument):
		return argument, []
	column = column_field(argument, doctype, join, "")
	return column.expression, column.columns


def column_field(expression: str, doctype: str, join, alias: str) -> SelectedField:
	expression = expression.strip()
	is_distinct = expression.lower().startswith("distinct ")
	if is_distinct:
		expression = expression[len("distinct ") :].strip()
	if re.fullmatch(r"'[^']*'|\d+", expression):
		return SelectedField(expression, [], alias)
	dotted = re.fullmatch(r"(\w+)\.(\w+)", expression, re.ASCII)
	if dotted and not dotted[1].startswith("tab"):
		table, column = join(dotted[1]), dotted[2]
	else:
		match = COLUMN.fullmatch(expression)
		if not match:
			frappe.throw("Use of sub-query or function is restricted", frappe.DataError)
		table, column = match[1] or f"tab{doctype}", match[2]
	sql = f"`{table}`." + ("*" if column == "*" else f"`{column}`")
	return SelectedField(("distinct " if is_distinct else "") + sql, [(table, column)], alias)


def check_order_or_group(parameters: str | None, tables: list[str]) -> str:
	"""The clause as it was given, if it only names columns of the query's tables."""
	if not parameters:
		return ""
	lower = parameters.lower()
	if "select" in lower and "from" in lower:
		frappe.throw("Cannot use sub-query in order by")
	if re.search(r"[^a-z0-9-_ ,`'\"\.\(\)]", lower):
		frappe.throw("Illegal SQL Query")
	for field in (part.strip() for part in parameters.split(",")):
		if field.split("(", 1)[0].rstrip().lower() == "sleep":
			frappe.throw(f"Cannot use {field} in order/group by")
		if field.startswith("`tab") and "." in field and field.split(".", 1)[0].strip("`") not in tables:
			frappe.throw(f"Please select atleast 1 column from {field.split('.', 1)[0][4:-1]} to sort/group")
	return parameters

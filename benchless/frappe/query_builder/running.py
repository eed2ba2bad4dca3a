"""`query.run()`: execute a query on `frappe.db`."""

import frappe


def run(query, *args, **kwargs):
	"""Rows of the query; takes the arguments of `frappe.db.sql` after its values."""
	children = query.__dict__.get("_child_queries") or []
	result = frappe.db.sql(query.get_sql(), *args, **kwargs)
	if children and result and isinstance(result[0], dict) and result[0].get("name"):
		for child in children:
			add_rows_of(child, result)
	return result


def add_rows_of(child, parents: list[dict]) -> None:
	"""Give each parent row the rows of one child table field."""
	by_parent: dict[str, list] = {str(parent["name"]): [] for parent in parents}
	for row in child.get_query([parent["name"] for parent in parents]).run(as_dict=True):
		by_parent[str(row["parent"])].append(row)
		for key in ("parent", "parentfield"):
			if key not in child.fields:
				del row[key]
	for parent in parents:
		parent[child.fieldname] = by_parent[str(parent["name"])]

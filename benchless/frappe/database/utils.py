"""Names that other modules take from `frappe.database.utils`."""
# ruff: noqa: F401
# this module is where apps import these names from

from frappe.database.connection import is_query_type
from frappe.database.values import DefaultOrderBy

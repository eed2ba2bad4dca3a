"""SQL functions for `frappe.qb`, under the module name that apps import: PyPika's."""

from pypika.functions import *  # noqa: F403

"""`frappe.utils.data`: numbers, dates and text under the module name that apps import."""
# ruff: noqa: F403
# this module is where apps import these names from

from frappe.utils.dates import *
from frappe.utils.filters import *
from frappe.utils.numbers import *
from frappe.utils.text import *

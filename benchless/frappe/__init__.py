"""The slice of Frappe v15's `frappe` module that a background job app uses.

What needs no site is imported here. The other names are looked up when they are used, so that every module
may `import frappe`; everything outside the slice raises NotImplementedError by name.
"""
# ruff: noqa: F401, F403
# this module is where apps import these names from

import sys

from frappe._api.unsupported import attributes_of, install_finder

__version__ = "15.41.0"
__title__ = "Frappe Framework"

install_finder()
cache = None
controllers: dict = {}
loggers: dict = {}
log_level = None
STANDARD_USERS = ("Guest", "Administrator")

from frappe._api.apps import *  # noqa: E402
from frappe._api.config import *  # noqa: E402
from frappe._api.context import *  # noqa: E402
from frappe._api.messages import *  # noqa: E402
from frappe._api.translation import _  # noqa: E402
from frappe._api.values import *  # noqa: E402
from frappe._api.values import _dict  # noqa: E402
from frappe.exceptions import *  # noqa: E402

DEFINED_IN = {
	"frappe._api.documents": (
		"can_cache_doc clear_cache clear_document_cache copy_doc get_all get_cached_doc get_cached_value "
		"get_doc get_document_cache_key get_list get_single get_system_settings is_table new_doc"
	),
	"frappe._api.hooks": "call get_attr get_doc_hooks get_hooks get_installed_apps get_newargs",
	"frappe._api.rights": "get_roles has_permission only_for",
	"frappe._api.sites": "connect destroy get_conf init init_site",
	"frappe._api.whitelisting": (
		"allowed_http_methods_for_whitelisted_func guest_methods is_whitelisted ping whitelist whitelisted"
	),
	"frappe.model.delete_doc": "delete_doc",
	"frappe.model.meta": "get_meta",
	"frappe.realtime": "publish_progress publish_realtime",
	"frappe.utils": "get_traceback",
	"frappe.utils.background_jobs": "enqueue enqueue_doc",
	"frappe.utils.error": "log_error",
	"frappe.utils.logger": "logger",
	"frappe.utils.response": "as_json",
}
__getattr__ = attributes_of(
	sys.modules[__name__], {name: module for module, names in DEFINED_IN.items() for name in names.split()}
)

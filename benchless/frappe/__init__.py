"""The slice of Frappe v15's `frappe` module that a background job app uses.

Names whose definition needs the site (documents, permissions, background jobs) are looked
up when they are used; everything outside the slice raises NotImplementedError by name.
"""
# ruff: noqa: F401
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

from frappe._api.config import (  # noqa: E402
	get_common_site_config,
	get_conf,
	get_file_items,
	get_file_json,
	get_site_config,
	read_file,
)
from frappe._api.context import (  # noqa: E402
	conf,
	connect,
	db,
	debug_log,
	destroy,
	error_log,
	flags,
	form,
	form_dict,
	get_request_header,
	init,
	init_site,
	job,
	lang,
	local,
	local_cache,
	message_log,
	qb,
	request,
	response,
	session,
	set_user,
	user,
)
from frappe._api.documents import (  # noqa: E402
	can_cache_doc,
	clear_cache,
	clear_document_cache,
	copy_doc,
	delete_doc_if_exists,
	get_all,
	get_cached_doc,
	get_cached_value,
	get_doc,
	get_document_cache_key,
	get_last_doc,
	get_list,
	get_single,
	get_system_settings,
	get_value,
	is_table,
	new_doc,
	rename_doc,
	set_value,
)
from frappe._api.hooks import (  # noqa: E402
	append_hook,
	call,
	get_all_apps,
	get_app_path,
	get_app_source_path,
	get_attr,
	get_doc_hooks,
	get_doctype_app,
	get_hooks,
	get_installed_apps,
	get_module,
	get_module_list,
	get_module_path,
	get_newargs,
	get_pymodule_path,
	get_site_path,
	setup_module_map,
)
from frappe._api.messages import (  # noqa: E402
	clear_last_message,
	clear_messages,
	errprint,
	get_message_log,
	log,
	msgprint,
	throw,
)
from frappe._api.translation import _, _lt  # noqa: E402
from frappe._api.values import (  # noqa: E402
	_dict,
	as_json,
	as_unicode,
	bold,
	generate_hash,
	parse_json,
	safe_decode,
	safe_encode,
	scrub,
	unscrub,
)
from frappe._api.whitelisting import (  # noqa: E402
	allowed_http_methods_for_whitelisted_func,
	get_roles,
	guest_methods,
	has_permission,
	is_whitelisted,
	only_for,
	ping,
	redirect,
	respond_as_web_page,
	set_user_lang,
	whitelist,
	whitelisted,
	xss_safe_methods,
)
from frappe.exceptions import *  # noqa: E402,F403

__getattr__ = attributes_of(
	sys.modules[__name__],
	lazy={
		"delete_doc": "frappe.model.delete_doc",
		"enqueue": "frappe.utils.background_jobs",
		"enqueue_doc": "frappe.utils.background_jobs",
		"get_meta": "frappe.model.meta",
		"get_traceback": "frappe.utils",
		"log_error": "frappe.utils.error",
		"logger": "frappe.utils.logger",
		"publish_progress": "frappe.realtime",
		"publish_realtime": "frappe.realtime",
	},
)

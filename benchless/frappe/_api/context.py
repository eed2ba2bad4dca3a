"""The request-local state: `frappe.local` and the proxies on it."""

from frappe._api.values import _dict
from werkzeug.local import Local

local = Local()

db = local("db")
qb = local("qb")
conf = local("conf")
form = form_dict = local("form_dict")
request = local("request")
job = local("job")
response = local("response")
session = local("session")
user = local("user")
flags = local("flags")
error_log = local("error_log")
debug_log = local("debug_log")
message_log = local("message_log")
lang = local("lang")


def set_user(username: str) -> None:
	"""Act as `username` from here on; what was cached for the user before is dropped."""
	local.session.user = username
	local.session.sid = username
	local.session.data = _dict()
	local.cache = {}
	local.form_dict = _dict()
	local.role_permissions = {}
	local.new_doc_templates = {}


def get_request_header(key, default=None):
	return request.headers.get(key, default)

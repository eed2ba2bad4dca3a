"""Runs the whitelisted function that a request names, and takes uploads."""

import os
from inspect import signature
from mimetypes import guess_type

import frappe
from frappe import _, is_whitelisted, ping  # noqa: F401 - `ping` is called by its short name
from frappe._api.unsupported import refuse
from frappe.utils import cint
from werkzeug.wrappers import Response

# what users without Desk access may upload
ALLOWED_MIMETYPES = (
	"application/msword",
	"application/pdf",
	"application/vnd.ms-excel",
	"application/vnd.oasis.opendocument.spreadsheet",
	"application/vnd.oasis.opendocument.text",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"image/jpeg",
	"image/png",
	"text/plain",
	"video/mp4",
	"video/quicktime",
)


def handle() -> Response | None:
	"""Call `form_dict.cmd`. Its result becomes `message`, unless it is a response already."""
	command = frappe.local.form_dict.cmd
	data = None if command == "login" else execute_cmd(command)
	if isinstance(data, Response):
		return data
	if data is not None:
		frappe.response["message"] = data
	return None


def execute_cmd(cmd, from_async=False):
	overrides = frappe.get_hooks("override_whitelisted_methods", {}).get(cmd)
	cmd = overrides[-1] if overrides else cmd
	try:
		method = get_attr(cmd)
	except Exception as error:
		frappe.throw(_("Failed to get method for command {0} with {1}").format(cmd, error))
	if method is not run_doc_method:
		is_whitelisted(method)
		is_valid_http_method(method)
	return frappe.call(method, **frappe.form_dict)


def get_attr(cmd):
	"""The function of a dotted path, or of a short name defined in this module."""
	return frappe.get_attr(cmd) if "." in cmd else globals()[cmd]


def is_valid_http_method(method):
	if frappe.local.request.method not in frappe.allowed_http_methods_for_whitelisted_func[method]:
		throw_permission_error()


def throw_permission_error():
	frappe.throw(_("Not permitted"), frappe.PermissionError)


@frappe.whitelist(allow_guest=True)
def logout():
	frappe.local.login_manager.logout()
	frappe.db.commit()


@frappe.whitelist(allow_guest=True)
def upload_file():
	"""Store the uploaded `file`, or the `file_url`, as a File document attached to what the form names."""
	form = frappe.form_dict
	ignore_permissions = False
	if frappe.session.user == "Guest":
		if not frappe.get_system_settings("allow_guests_to_upload_files"):
			raise frappe.PermissionError
		ignore_permissions = True
	for option in ("library_file_name", "optimize"):
		if cint(form.get(option)) or (form.get(option) and not form[option].isdigit()):
			raise refuse(f"the upload option {option}")
	if not ignore_permissions:
		check_write_permission(form.doctype, form.docname)

	upload = frappe.request.files.get("file")
	content = upload.stream.read() if upload else None
	filename = upload.filename if upload else form.file_name
	if content is not None and not has_desk_access() and guess_type(filename)[0] not in ALLOWED_MIMETYPES:
		frappe.throw(_("You can only upload JPG, PNG, PDF, TXT or Microsoft documents."))
	frappe.local.uploaded_file = content
	frappe.local.uploaded_filename = filename

	if form.method:
		method = frappe.get_attr(form.method)
		is_whitelisted(method)
		return method()
	return frappe.get_doc(
		doctype="File",
		attached_to_doctype=form.doctype,
		attached_to_name=form.docname,
		attached_to_field=form.fieldname,
		folder=form.folder or "Home",
		file_name=filename,
		file_url=form.file_url,
		is_private=cint(form.is_private),
		content=content,
	).save(ignore_permissions=ignore_permissions)


def has_desk_access() -> bool:
	return frappe.db.get_value("User", frappe.session.user, "user_type") == "System User"


def check_write_permission(doctype: str | None = None, name: str | None = None):
	"""Look at the document that a file will be attached to; one that is not saved yet passes.

	As in v15 the result of the document's own check is not used: attaching to a document that the user
	may not write is refused only where its controller raises.
	"""
	if doctype and name:
		try:
			frappe.get_doc(doctype, name).has_permission("write")
		except frappe.DoesNotExistError:
			return
	elif doctype:
		frappe.has_permission(doctype, "write", throw=True)


@frappe.whitelist(allow_guest=True)
def download_file(file_url: str):
	file = frappe.get_doc("File", {"file_url": file_url})
	if not file.is_downloadable():
		raise frappe.PermissionError
	frappe.local.response.filename = os.path.basename(file_url)
	frappe.local.response.filecontent = file.get_content()
	frappe.local.response.type = "download"


def run_doc_method(method, docs=None, dt=None, dn=None, arg=None, args=None):
	"""Call a whitelisted method of a document: a stored one (`dt`, `dn`) or one sent in full (`docs`)."""
	if dt:
		doc = frappe.get_doc(dt, dn or dt)
	else:
		doc = frappe.get_doc(frappe.parse_json(docs))
		doc._original_modified = doc.modified
		doc.check_if_latest()
	if not doc.has_permission("read"):
		throw_permission_error()

	bound = getattr(doc, method)
	function = getattr(bound, "__func__", bound)
	is_whitelisted(function)
	is_valid_http_method(function)
	if cint(frappe.form_dict.get("as_csv")):
		raise refuse("run_doc_method with as_csv")

	response = _call_on_document(doc, method, bound, _parsed(args or arg))
	frappe.response.docs.append(doc)
	if response is not None:
		frappe.response["message"] = response


def _parsed(args):
	try:
		return frappe.parse_json(args)
	except ValueError:
		return args


def _call_on_document(doc, method: str, bound, args):
	names = [name for name in signature(bound).parameters if name != "self"]
	if not names:
		return doc.run_method(method)
	if "args" in names or not isinstance(args, dict):
		return doc.run_method(method, args)
	return doc.run_method(method, **args)

"""File: content on disk below the site's public/files or private/files, and who may read it."""

import mimetypes
import os
import re
from urllib.parse import quote, unquote

import frappe
from frappe import _
from frappe._api.unsupported import refuse, refused
from frappe.core.api.file import MEGABYTE, get_max_file_size
from frappe.core.doctype.file.exceptions import FolderNotEmpty, MaxFileSizeReachedError
from frappe.core.doctype.file.utils import (
	decode_file_content,
	delete_file,
	generate_file_name,
	get_content_hash,
	is_safe_path,
)
from frappe.model.document import Document
from frappe.permissions import get_valid_perms
from frappe.utils import cint, get_files_path, get_url

URL_PREFIXES = ("http://", "https://")
LOCK_ICON = ' <i class="fa fa-lock text-warning"></i>'


class File(Document):
	def __init__(self, *args, **kwargs):
		super().__init__(*args, **kwargs)
		self.content = self.get("content") or b""
		self.decode = self.get("decode", False)

	@property
	def is_remote_file(self) -> bool:
		return self.file_url.startswith(URL_PREFIXES) if self.file_url else not self.content

	def autoname(self):
		if not self.is_folder:
			self.name = frappe.generate_hash(length=10)
		else:
			self.name = f"{self.folder}/{self.file_name}" if self.folder else self.file_name

	def before_insert(self):
		self.set_folder()
		if self.file_url:
			self.is_private = cint(self.file_url.startswith("/private"))
		self.set_file_name()
		if self.is_folder:
			return
		self.set_file_type()
		if not self.is_remote_file:
			self.save_file(self.get_content())

	def set_folder(self):
		if self.folder:
			return
		if self.attached_to_doctype:
			self.folder = frappe.db.get_value("File", {"is_attachments_folder": 1})
		elif not self.is_home_folder:
			self.folder = "Home"

	def set_file_name(self):
		if self.file_name:
			self.file_name = self.file_name.replace("/", "")
		elif self.file_url:
			self.file_name = self.file_url.split("/")[-1]
		else:
			frappe.throw(
				_("Fields `file_name` or `file_url` must be set for File"), exc=frappe.MandatoryError
			)

	def set_file_type(self):
		kind = mimetypes.guess_type(self.file_name)[0]
		if not kind:
			return
		extension = mimetypes.guess_extension(kind)
		self.file_type = extension.lstrip(".").upper() if extension else None
		if frappe.get_system_settings("allowed_file_extensions"):
			raise refuse("allowed_file_extensions of System Settings")

	def after_insert(self):
		if self.is_folder:
			return
		url = quote(self.file_url or "", safe="/:") or self.file_name
		link = f"<a href='{url}' target='_blank'>{self.file_name or self.file_url}</a>"
		icon = LOCK_ICON if self.is_private else ""
		self.comment_on_document("Attachment", _("Added {0}").format(link + icon))

	def comment_on_document(self, comment_type, text):
		if not (self.attached_to_doctype and self.attached_to_name):
			return
		try:
			document = frappe.get_doc(self.attached_to_doctype, self.attached_to_name)
		except frappe.DoesNotExistError:
			frappe.clear_messages()
		else:
			document.add_comment(comment_type, text)

	def validate(self):
		if self.is_folder:
			return
		self.file_url = unquote(self.file_url or "")
		self.check_attachment()
		if not self.is_new() and self.has_value_changed("is_private"):
			raise refuse("changing is_private of a File")
		self.check_path()
		self.file_size = frappe.form_dict.file_size or self.file_size

	def check_attachment(self):
		if not self.attached_to_doctype:
			return
		if not self.attached_to_name or not isinstance(self.attached_to_name, str | int):
			frappe.throw(_("Attached To Name must be a string or an integer"), frappe.ValidationError)
		if self.attached_to_field and re.search(r"[\W]", self.attached_to_field):
			frappe.throw(_("The fieldname you've specified in Attached To Field is invalid"))

	def check_path(self):
		path = self.get_full_path()
		if not self.is_remote_file:
			folder = os.path.realpath(get_files_path(is_private=self.is_private))
			if not os.path.realpath(path).startswith(folder):
				frappe.throw(_("The File URL you've entered is incorrect"), title=_("Invalid File URL"))
			self.check_url()
		if not path.startswith(URL_PREFIXES) and not os.path.exists(path):
			frappe.throw(_("File {0} does not exist").format(self.file_url), IOError)

	def check_url(self):
		if self.file_url and not self.file_url.startswith(("/files/", "/private/files/", *URL_PREFIXES)):
			frappe.throw(_("URL must start with http:// or https://"), title=_("Invalid URL"))

	def save_file(self, content: bytes | str, ignore_existing_file_check=False) -> None:
		"""Write content to disk under a free name, or share the file that has the same content already."""
		self._content = content = content.encode() if isinstance(content, str) else content
		self.is_private = cint(self.is_private)
		self.file_size = self.checked_size(content)
		self.content_hash = get_content_hash(content)
		same = {"content_hash": self.content_hash, "is_private": self.is_private}
		stored = frappe.db.get_value("File", same, ["file_url", "name"], as_dict=True)
		is_shared = stored and not ignore_existing_file_check
		if is_shared and frappe.get_doc("File", stored.name).exists_on_disk():
			self.file_url = stored.file_url
			return
		self.file_name = generate_file_name(self.file_name, self.content_hash[-6:], self.is_private)
		self.file_url = f"{'/private' if self.is_private else ''}/files/{self.file_name}"
		with open(self.get_full_path(), "wb") as file:
			file.write(content)
			os.fsync(file.fileno())
		self.flags.new_file = True
		frappe.db.after_rollback.add(self.delete_content)

	def on_trash(self):
		if self.is_home_folder or self.is_attachments_folder:
			frappe.throw(_("Cannot delete Home and Attachments folders"))
		if self.is_folder:
			if frappe.get_all("File", filters={"folder": self.name}, limit=1):
				frappe.throw(_("Folder {0} is not empty").format(self.name), FolderNotEmpty)
			return
		self.delete_content()
		self.comment_on_document("Attachment Removed", _("Removed {0}").format(self.file_name))

	def delete_content(self):
		"""Remove the content from disk unless another File has the same."""
		others = {"content_hash": self.content_hash, "name": ["!=", self.name]}
		if self.content_hash and not frappe.get_all("File", filters=others, limit=1):
			delete_file(self.file_url)

	def exists_on_disk(self) -> bool:
		return os.path.exists(self.get_full_path())

	def get_content(self) -> bytes | str:
		"""What was given as `content`, else what is on disk: text where it is UTF-8, else bytes."""
		if self.is_folder:
			frappe.throw(_("Cannot get file contents of a Folder"))
		if self.get("content"):
			if self.decode:
				self.content, self.decode = decode_file_content(self.content), False
			return self.content
		self.check_url()
		with open(self.get_full_path(), "rb") as file:
			content = file.read()
		try:
			return content.decode()
		except UnicodeDecodeError:
			return content

	def get_full_path(self) -> str:
		"""The path on disk; the URL itself for a remote file."""
		url = self.file_url or self.file_name
		if "/files/" in url:
			url = url.removeprefix(get_url())
		if "/" not in url:
			url = f"/private/files/{url}" if self.is_private else f"/files/{url}"
		for prefix, is_private in (("/private/files/", 1), ("/files/", 0)):
			if url.startswith(prefix):
				url = get_files_path(*url.removeprefix(prefix).split("/"), is_private=is_private)
				break
		if not is_safe_path(url):
			frappe.throw(_("Cannot access file path {0}").format(url))
		if os.path.sep in self.file_name:
			frappe.throw(_("File name cannot have {0}").format(os.path.sep))
		return url

	def checked_size(self, content: bytes) -> int:
		"""Bytes of the content."""
		limit = get_max_file_size()
		size = len(content)
		if size > limit:
			message = _("File size exceeded the maximum allowed size of {0} MB").format(limit / MEGABYTE)
			frappe.throw(message, exc=MaxFileSizeReachedError)
		return size

	def is_downloadable(self) -> bool:
		return has_permission(self, "read")

	make_thumbnail = refused("File.make_thumbnail")
	optimize_file = refused("File.optimize_file")
	unzip = refused("File.unzip")
	zip_files = refused("File.zip_files")


def on_doctype_update():
	frappe.db.add_index("File", ["attached_to_doctype", "attached_to_name"])


def has_permission(doc, ptype=None, user=None, debug=False) -> bool:
	"""Anybody may read public files; the owner, and who may read what they belong to, private ones."""
	user = user or frappe.session.user
	if user == "Administrator":
		return True
	if ptype == "create":
		return frappe.has_permission("File", "create", user=user)
	if not doc.is_private and ptype in ("read", "select"):
		return True
	if user != "Guest" and doc.owner == user:
		return True
	if not (doc.attached_to_doctype and doc.attached_to_name):
		return False
	try:
		document = frappe.get_doc(doc.attached_to_doctype, doc.attached_to_name)
	except frappe.DoesNotExistError:
		frappe.clear_last_message()
		return False
	needed = "write" if ptype in ("write", "create", "delete") else "read"
	return document.has_permission(needed, user=user)


def get_permission_query_conditions(user: str | None = None) -> str:
	user = user or frappe.session.user
	if user == "Administrator":
		return ""
	is_owner = f"`tabFile`.`owner` = {frappe.db.escape(user)}"
	if "Desk User" not in frappe.get_roles(user):
		return is_owner
	doctypes = {permission.parent for permission in get_valid_perms() if permission.read}
	readable = ", ".join(map(frappe.db.escape, sorted(doctypes)))
	return f"""(`tabFile`.`is_private` = 0)
		OR (`tabFile`.`attached_to_doctype` IS NULL AND {is_owner})
		OR (`tabFile`.`attached_to_doctype` IN ({readable}))"""

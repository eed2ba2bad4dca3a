"""Frappe's sandbox for server scripts: RestrictedPython, with a small part of the names that Frappe gives."""

from contextlib import contextmanager

import frappe
from frappe._api.values import _dict
from RestrictedPython import compile_restricted, safe_globals
from RestrictedPython.Guards import guarded_iter_unpack_sequence, safer_getattr
from RestrictedPython.transformer import RestrictingNodeTransformer

UNSAFE_ATTRIBUTES = {"tb_frame", "gi_frame", "cr_frame", "f_globals", "f_locals", "f_builtins"}


class ServerScriptNotEnabled(frappe.PermissionError):
	pass


class FrappeTransformer(RestrictingNodeTransformer):
	"""Frappe's name for its policy."""


class NamespaceDict(_dict):
	"""A name that is not there is a function that raises AttributeError."""

	def __getattr__(self, key):
		if key in self:
			return self[key]

		def missing(*_arguments, **_named):
			raise AttributeError(f"module has no attribute '{key}'")

		return missing


def is_safe_exec_enabled() -> bool:
	return bool(frappe.get_common_site_config().get("server_script_enabled"))


def safe_exec(script, _globals=None, _locals=None, *, restrict_commit_rollback=False, script_filename=None):
	if not is_safe_exec_enabled():
		frappe.throw("Server Scripts are disabled.", ServerScriptNotEnabled)
	exec_globals = get_safe_globals()
	exec_globals.update(_globals or {})
	if restrict_commit_rollback:
		for name in ("commit", "rollback"):
			exec_globals.frappe.db.pop(name, None)
	filename = f"<serverscript>: {script_filename}" if script_filename else "<serverscript>"
	with safe_exec_flags():
		exec(compile_restricted(script, filename=filename, policy=FrappeTransformer), exec_globals, _locals)
	return exec_globals, _locals


@contextmanager
def safe_exec_flags():
	frappe.flags.in_safe_exec = (frappe.flags.in_safe_exec or 0) + 1
	try:
		yield
	finally:
		frappe.flags.in_safe_exec -= 1


def get_safe_globals() -> NamespaceDict:
	out = NamespaceDict(
		frappe=NamespaceDict(
			get_doc=frappe.get_doc,
			get_all=frappe.get_all,
			throw=frappe.throw,
			session=_dict(user=frappe.session.user),
			db=NamespaceDict(
				get_value=frappe.db.get_value,
				exists=frappe.db.exists,
				commit=frappe.db.commit,
				rollback=frappe.db.rollback,
			),
		),
		_dict=_dict,
	)
	out.update(safe_globals)
	builtins = (all, any, bool, dict, enumerate, isinstance, list, max, min, range, set, sorted, sum, tuple)
	out.update({one.__name__: one for one in builtins})
	out.update(
		_write_=lambda written: written,
		_getitem_=lambda container, key: container[key],
		_getattr_=_getattr,
		_getiter_=iter,
		_iter_unpack_sequence_=guarded_iter_unpack_sequence,
	)
	return out


def _getattr(owner, name, default=None):
	if name in UNSAFE_ATTRIBUTES:
		raise SyntaxError(f"{name} is an unsafe attribute")
	return safer_getattr(owner, name, default=default)

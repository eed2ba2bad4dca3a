"""Passwords: hashed for logging in, encrypted where they are needed again."""

import json

import frappe
from cryptography.fernet import Fernet, InvalidToken
from passlib.context import CryptContext

passlibctx = CryptContext(schemes=["pbkdf2_sha256"])
STORE = (
	"insert into `__Auth` (doctype, name, fieldname, password, encrypted) values (%s, %s, %s, %s, %s)"
	" on duplicate key update password = values(password), encrypted = values(encrypted)"
)


def stored(doctype, name, fieldname, encrypted: int):
	return frappe.db.sql(
		"select name, password from `__Auth`"
		" where doctype = %s and name = %s and fieldname = %s and encrypted = %s",
		(doctype, name, fieldname, encrypted),
		as_dict=True,
	)


def check_password(user, pwd, doctype="User", fieldname="password") -> str:
	"""The user's name as it is stored; AuthenticationError for a wrong password."""
	rows = stored(doctype, user, fieldname, 0)
	if not rows or not passlibctx.verify(pwd, rows[0].password):
		raise frappe.AuthenticationError("Incorrect User or Password")
	return rows[0].name


def update_password(user, pwd, doctype="User", fieldname="password") -> None:
	frappe.db.sql(STORE, (doctype, user, fieldname, passlibctx.hash(pwd), 0))


def get_decrypted_password(doctype, name, fieldname="password", raise_exception=True) -> str | None:
	rows = stored(doctype, name, fieldname, 1)
	if rows and rows[0].password:
		return decrypt(rows[0].password, key=f"{doctype}.{name}.{fieldname}")
	if raise_exception:
		frappe.throw(f"Password not found for {doctype} {name} {fieldname}", frappe.AuthenticationError)
	return None


def set_encrypted_password(doctype, name, pwd, fieldname="password") -> None:
	frappe.db.sql(STORE, (doctype, name, fieldname, encrypt(pwd), 1))


def remove_encrypted_password(doctype, name, fieldname="password") -> None:
	frappe.db.delete("__Auth", {"doctype": doctype, "name": name, "fieldname": fieldname})


def encrypt(txt: str) -> str:
	return Fernet(get_encryption_key()).encrypt(txt.encode()).decode()


def decrypt(txt: str, key: str) -> str:
	try:
		return Fernet(get_encryption_key()).decrypt(txt.encode()).decode()
	except InvalidToken:
		return frappe.throw(f"Failed to decrypt key {key}: encryption_key in site_config.json was changed")


def get_encryption_key() -> str:
	"""The site's key; made and kept in site_config.json when first needed."""
	if "encryption_key" not in frappe.local.conf:
		frappe.local.conf.encryption_key = Fernet.generate_key().decode()
		path = frappe.get_site_path("site_config.json")
		settings = frappe.get_file_json(path) | {"encryption_key": frappe.local.conf.encryption_key}
		with open(path, "w") as file:
			json.dump(settings, file, indent=1, sort_keys=True)
	return frappe.local.conf.encryption_key

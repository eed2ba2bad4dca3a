import frappe
from frappe.model.document import Document
from frappe.utils import get_fullname
from frappe.utils.password import update_password


class User(Document):
	"""A person who logs in. Roles with desk access make a System User, others a Website User."""

	def __setup__(self) -> None:
		self.flags.ignore_save_passwords = ["new_password"]

	def autoname(self) -> None:
		if self.name_is_fixed():
			self.name = self.first_name
		else:
			self.email = self.email.strip().lower()
			self.name = self.email

	def name_is_fixed(self) -> bool:
		return bool(self.get("is_admin") or self.get("is_guest"))

	def validate(self) -> None:
		self.flags.password = self.new_password
		self.new_password = ""
		self.full_name = " ".join(filter(None, [self.first_name, self.middle_name, self.last_name]))
		self.email = self.email.strip() if self.name in frappe.STANDARD_USERS else self.email.strip().lower()
		if not self.enabled and self.name in frappe.STANDARD_USERS:
			frappe.throw(f"User {self.name} cannot be disabled")
		if not self.enabled and getattr(frappe.local, "login_manager", None):
			frappe.local.login_manager.logout(user=self.name)
		self.remove_repeated_roles()
		self.set_user_type()

	def remove_repeated_roles(self) -> None:
		seen: set[str] = set()
		for row in list(self.roles):
			if row.role in seen:
				self.remove(row)
			seen.add(row.role)

	def set_user_type(self) -> None:
		if self.name in frappe.STANDARD_USERS:
			return
		roles = [row.role for row in self.roles]
		has_desk = bool(roles) and bool(
			frappe.get_all("Role", filters={"name": ("in", roles), "desk_access": 1}, limit=1)
		)
		self.user_type = "System User" if has_desk else "Website User"

	def on_update(self) -> None:
		if self.flags.password:
			update_password(self.name, self.flags.password)
			self.flags.password = None
		self.clear_permissions()

	def clear_permissions(self) -> None:
		frappe.clear_cache(user=self.name)

	def on_trash(self) -> None:
		if self.name in frappe.STANDARD_USERS:
			frappe.throw(f"User {self.name} cannot be deleted")
		self.clear_permissions()
		frappe.db.delete("Sessions", {"user": self.name})
		frappe.db.delete("Notification Log", {"for_user": self.name})
		for name in frappe.get_all("User Permission", filters={"user": self.name}, pluck="name"):
			frappe.delete_doc("User Permission", name, ignore_permissions=True)

	def append_roles(self, *roles: str) -> None:
		present = {row.role for row in self.roles}
		for role in roles:
			if role not in present:
				self.append("roles", {"role": role})

	def add_roles(self, *roles: str) -> None:
		self.append_roles(*roles)
		self.save()

	def remove_roles(self, *roles: str) -> None:
		self.set("roles", [row for row in self.roles if row.role not in roles])
		self.save()

	def get_fullname(self) -> str:
		return get_fullname(self.name)


def get_permission_query_conditions(user: str | None = None) -> str:
	if (user or frappe.session.user) == "Administrator":
		return ""
	names = ", ".join(frappe.db.escape(name) for name in frappe.STANDARD_USERS)
	return f"(`tabUser`.name not in ({names}))"


def has_permission(doc, user: str) -> bool | None:
	"""Nobody else touches the two standard users."""
	return False if user != "Administrator" and doc.name in frappe.STANDARD_USERS else None

import frappe
from frappe._api.unsupported import refuse
from frappe.database.schema import sync_table
from frappe.model.document import Document


class DocType(Document):
	"""The description of a kind of document. Ones made at run time must be custom."""

	def validate(self) -> None:
		for feature in ("is_submittable", "is_virtual", "is_tree"):
			if self.get(feature):
				raise refuse(f"the DocType property {feature}")
		if not self.custom:
			raise refuse("saving DocTypes that are not custom; change their file and migrate")
		for field in self.fields:
			field.fieldname = field.fieldname or frappe.scrub(field.label or field.fieldtype)

	def on_update(self) -> None:
		frappe.clear_cache(doctype=self.name)
		sync_table(frappe.get_meta(self.name, cached=False))
		frappe.clear_cache(doctype=self.name)

	def on_trash(self) -> None:
		if not self.custom:
			frappe.throw("Standard DocType can not be deleted.")

	def after_delete(self) -> None:
		"""The table stays, as on Frappe; a DocType of the same name would find its rows again."""
		frappe.clear_cache(doctype=self.name)

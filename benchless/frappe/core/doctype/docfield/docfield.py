from frappe.model.document import Document


class DocField(Document):
	pass

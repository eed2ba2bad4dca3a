from frappe.model.document import Document


class InstalledApplications(Document):
	pass

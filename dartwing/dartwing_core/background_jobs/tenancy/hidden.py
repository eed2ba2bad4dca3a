"""Documents that do not exist to everyone outside their organization."""

from frappe.model.document import Document


class HiddenDocument(Document):
	"""Checks the read permission first, where Frappe would first say whether the document exists."""

	def is_whitelisted(self, method_name: str) -> None:
		self.check_permission("read")
		super().is_whitelisted(method_name)

	def check_if_latest(self) -> None:
		if not self.is_new():
			self.check_permission("read")
		super().check_if_latest()

	def notify_update(self) -> None:
		"""Publish nothing to the room of the DocType: everyone who may read any document could join it."""

"""Documents that go out without the fields that nobody is shown."""

from typing import Any

from frappe.model.document import Document

from dartwing.dartwing_core.doctype.background_job import kept_texts


class SecretRow(Document):
	"""A row of the engine's own, which is answered, printed and kept as deleted without its secret fields."""

	def on_trash(self) -> None:
		# Frappe keeps what it deletes
		kept_texts.empty(self)

	def apply_fieldlevel_read_permissions(self) -> None:
		"""Frappe calls this before it answers with a document."""
		super().apply_fieldlevel_read_permissions()
		kept_texts.empty(self)

	def before_print(self, settings: Any = None) -> None:
		kept_texts.empty(self)

"""A private file of Bob's, for what others try on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import frappe
from factories import World, acting_as, purge

SECRET = "known to Bob only"


@contextmanager
def private_file(world: World, file_name: str) -> Iterator[Any]:
	"""The File, which is gone after the block with what others made of it."""
	started = frappe.utils.now()
	with acting_as(world.bob):
		content = {"file_name": file_name, "content": SECRET, "is_private": 1}
		file = frappe.get_doc(doctype="File", **content).insert()
	frappe.db.commit()
	yield file
	frappe.db.rollback()
	for one in frappe.get_all("File", {"creation": (">=", started), "is_folder": 0}, ["name", "file_url"]):
		purge("File", one.name)
		if one.file_url:
			path_of(one.file_url).unlink(missing_ok=True)
	frappe.db.commit()


def path_of(file_url: str) -> Path:
	folder = ("private", "files") if file_url.startswith("/private") else ("public", "files")
	return Path(frappe.get_site_path(*folder, file_url.rpartition("/")[2]))

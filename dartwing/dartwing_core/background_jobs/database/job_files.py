"""Files that jobs leave on disk: what they produced, and the parts of exports that were interrupted.

All of it goes with the job. Frappe alone does not see to that: it keeps a deleted File's content on
disk while another File has equal content (v15, v16), although each has a place of its own.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import frappe

from dartwing.dartwing_core.background_jobs import error_log

PRIVATE = "/private/files/"
# a note beside the parts: the whole file was moved to the private files, and no File stands for it yet
MOVED = ".moved"


def parts_folder() -> Path:
	"""Where exports are written before they are whole; each part's name begins with its job's id."""
	folder = Path(frappe.get_site_path("private", "dartwing_exports"))
	folder.mkdir(parents=True, exist_ok=True)
	return folder


def remove_parts(job_ids: Sequence[str]) -> None:
	"""Remove what attempts of these jobs had begun to write; one of them that still runs will fail."""
	prefixes = tuple(f"{job_id}-" for job_id in job_ids)
	for part in parts_folder().iterdir():
		if part.name.startswith(prefixes):
			remove_part(part)


def remove_part(part: Path) -> None:
	"""Remove a part; with a note, also the file that it names, unless a File stands for it by now."""
	with suppress(FileNotFoundError):
		if part.suffix == MOVED:
			remove_if_nobodys(f"{PRIVATE}{part.read_text()}")
		part.unlink()


def remove_if_nobodys(file_url: str) -> None:
	"""Remove what is at the address unless a File has it."""
	# somebody may have attached the same file elsewhere
	if not frappe.db.exists("File", {"file_url": file_url}):
		folder = "private" if file_url.startswith(PRIVATE) else "public"
		remove(frappe.get_site_path(folder, "files", Path(file_url).name))


def delete_files_of(job_ids: Sequence[str]) -> None:
	"""Delete the private Files that the jobs produced, each of its job's owner, and remove their parts.

	A File that is older than its job was there before, and stays. One that cannot be deleted stays its
	owner's, and keeps no job from being deleted. Commits nothing.
	"""
	jobs = frappe.get_all(
		"Background Job",
		{"name": ("in", job_ids), "output_reference": ("like", f"{PRIVATE}%")},
		["owner_user", "output_reference", "creation"],
	)
	for job in jobs:
		# what its owner attached to a document belongs to that document
		wanted = {
			"file_url": job.output_reference,
			"owner": job.owner_user,
			"creation": (">=", job.creation),
			"attached_to_name": ("is", "not set"),
		}
		# later ones are of equal content that its owner uploaded
		for name in frappe.get_all("File", wanted, pluck="name", order_by="creation asc", limit=1):
			_delete_file(name, job.output_reference)
	remove_parts(job_ids)


def _delete_file(name: str, file_url: str) -> None:
	frappe.db.savepoint("dartwing_file")
	try:
		frappe.delete_doc("File", name, ignore_permissions=True, delete_permanently=True)
	except Exception:
		frappe.db.rollback(save_point="dartwing_file")
		error_log.record(f"the file {name} of an old job could not be deleted")
		return
	remove_if_nobodys(file_url)


def remove(path: str | Path) -> None:
	with suppress(FileNotFoundError):
		os.unlink(path)

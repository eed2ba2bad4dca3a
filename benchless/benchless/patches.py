"""The apps' patches.txt: each patch runs once per site."""

import frappe

SECTIONS = ("pre_model_sync", "post_model_sync")


def patches_of(app: str, section: str | None = None) -> list[str]:
	"""Lines of patches.txt; a file without sections has only patches before the model sync."""
	lines = frappe.get_file_items(frappe.get_app_path(app, "patches.txt"))
	current = SECTIONS[0]
	found = []
	for line in lines:
		if line.strip("[]") in SECTIONS and line.startswith("["):
			current = line.strip("[]")
		elif section in (None, current):
			found.append(line)
	return found


def mark_all_as_done(app: str) -> None:
	"""A fresh install has nothing to patch."""
	for patch in patches_of(app):
		record(patch)


def run_pending(section: str) -> None:
	for app in frappe.get_installed_apps():
		done = set(frappe.get_all("Patch Log", filters={"skipped": 0}, pluck="patch"))
		for patch in patches_of(app, section):
			if patch not in done:
				run(patch)


def run(patch: str) -> None:
	"""One patch and its record in one transaction; a failing patch ends the migration."""
	frappe.flags.in_patch = True
	frappe.db.commit()
	try:
		if patch.startswith("execute:"):
			exec(patch.removeprefix("execute:"), {"frappe": frappe})
		else:
			frappe.get_attr(f"{patch.split(maxsplit=1)[0]}.execute")()
		record(patch)
		frappe.db.commit()
	except Exception:
		frappe.db.rollback()
		raise
	finally:
		frappe.flags.in_patch = False


def record(patch: str) -> None:
	frappe.get_doc({"doctype": "Patch Log", "patch": patch}).insert(ignore_permissions=True)

"""Texts that would run a script, or show up as markup, on a screen that takes them for HTML."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from factories import World, acting_as, end, keep_log, make_job_type, make_member, purge, submit_as
from framework import since
from playwright.sync_api import Page

RUN = "window.__canary=1"
SCRIPTS = (
	f"<img src=x onerror={RUN}>",
	f'"><svg onload={RUN}>',
	f"'><b id=canary onmouseover='{RUN}'>",
	f"&lt;img src=x onerror={RUN}&gt;",
	f"&amp;lt;img src=x onerror={RUN}&amp;gt;",
	f"</script></textarea><script>{RUN}</script>",
	f"<a href='javascript:{RUN}'>",
	f"<img src=x onerror={RUN} ",
)
HOSTILE = " ".join(SCRIPTS)
# no `<` or `>`: Frappe takes them in no name
NAME = f'Canary" onmouseover={RUN} id="canary" \'&lt;img src=x onerror={RUN}&gt;'
TYPE = "canary_obliging_job"
# what a browser would have made of them
MARKUP = ", ".join(
	(
		"#canary",
		"[src=x]",
		"[onerror*=__canary]",
		"[onload*=__canary]",
		"[onmouseover*=__canary]",
		"a[href^='javascript:' i]",
	)
)
# v16 itself writes a form's title and name unescaped into an attribute of its sidebar; no app can change that
OF_FRAPPE = ".form-sidebar [data-copy]" if since(16, 0) else "head"
REPORTS = {
	"Canary Jobs": (
		"Background Job",
		"name organization job_type error_message progress_message output_reference result error_traceback",
	),
	"Canary Log": ("Job Execution Log", "name organization actor message"),
	"Canary Members": ("Org Member", "name person organization role"),
}


def watch(page: Page) -> list[str]:
	"""Dialogs that the page opens from now on: a script that ran may have."""
	dialogs: list[str] = []

	def note(dialog: Any) -> None:
		dialogs.append(dialog.message)
		dialog.dismiss()

	page.on("dialog", note)
	return dialogs


def check(page: Page, dialogs: list[str]) -> None:
	"""Nothing ran, and nothing of the texts became an element of the page."""
	markup = page.evaluate(
		"""([selector, of_frappe]) => [...document.querySelectorAll(selector)]
			.filter((element) => !element.closest("head") && !element.closest(of_frappe))
			.map((element) => element.outerHTML.slice(0, 200))
			.filter((html) => /canary|src="x"/.test(html))""",
		[MARKUP, OF_FRAPPE],
	)
	assert markup == [], markup
	assert page.evaluate("window.__canary") is None
	assert dialogs == []


def seen(page: Page) -> str:
	return page.evaluate("document.body.innerText")


@contextmanager
def canaries(world: World) -> Iterator[dict[str, str]]:
	"""Jobs of a hostile organization, with a hostile text wherever one can be; their ids by status."""
	before = _names_of(world.alice)
	with acting_as("Administrator"):
		_remove()
		frappe.get_doc({"doctype": "Organization", "org_name": NAME, "org_type": "Company"}).insert()
		for user in (world.alice, world.adam):
			make_member(user, NAME, role=HOSTILE[:140])
		make_job_type(TYPE, display_name=HOSTILE[:140], description=HOSTILE, notify_owner="Always")
		# v16 itself shows its reader's full name in the sidebar, and takes it for HTML
		_name(world.alice, HOSTILE[:100], (NAME if since(16, 0) else HOSTILE)[:100])
		_make_reports()
		frappe.db.commit()
	try:
		yield {
			"Running": hostile_job(world, "Running", progress=50, progress_message=HOSTILE[:255]),
			"Completed": hostile_job(
				world, "Completed", result=json.dumps({"html": HOSTILE, HOSTILE: [HOSTILE]})
			),
			"Dead Letter": hostile_job(
				world, "Dead Letter", message=HOSTILE, error_message=HOSTILE, error_traceback=HOSTILE
			),
			"Canceled": hostile_job(world, "Canceled", message=HOSTILE),
		}
	finally:
		with acting_as("Administrator"):
			_name(world.alice, *before)
			_remove()
			frappe.db.commit()
			frappe.clear_cache()


def hostile_job(world: World, status: str, **changes: Any) -> str:
	"""One more of the hostile organization, inside `canaries`."""
	parameters = {"mode": "succeed", "status": status, "html": HOSTILE, HOSTILE: 1}
	job = submit_as(world.alice, TYPE, NAME, parameters).name
	end(job, status, **changes)
	keep_log(job, [HOSTILE])
	return job


def make_raw(jobs: dict[str, str]) -> None:
	"""As if they were stored before there was a door for texts, or past it."""
	fields = ("error_message", "progress_message", "output_reference")
	for job in jobs.values():
		values = dict.fromkeys(fields, HOSTILE[:255])
		frappe.db.set_value("Background Job", job, values, update_modified=False)
		frappe.db.set_value("Job Execution Log", {"background_job": job}, "message", HOSTILE)
	frappe.db.set_value("Job Type", TYPE, "display_name", HOSTILE[:140])
	frappe.db.commit()


def _names_of(user: str) -> tuple[str, str]:
	first_name = frappe.db.get_value("Person", {"frappe_user": user}, "first_name")
	return first_name, frappe.db.get_value("User", user, "full_name")


def _name(user: str, first_name: str, full_name: str) -> None:
	"""As Frappe stores it where a user was not made by a form."""
	person = frappe.get_doc("Person", {"frappe_user": user})
	person.first_name = first_name
	person.save()
	frappe.db.set_value("User", user, "full_name", full_name)
	frappe.clear_document_cache("User", user)


def _make_reports() -> None:
	for name, (doctype, fields) in REPORTS.items():
		columns = {"fields": [[field, doctype] for field in fields.split()]}
		if frappe.db.exists("DocType", "Report"):
			frappe.get_doc(
				doctype="Report",
				report_name=name,
				ref_doctype=doctype,
				report_type="Report Builder",
				is_standard="No",
				json=json.dumps(columns),
			).insert()


def _remove() -> None:
	for name in REPORTS:
		if frappe.db.exists("DocType", "Report") and frappe.db.exists("Report", name):
			frappe.delete_doc("Report", name, force=True, ignore_permissions=True)
	for job in frappe.get_all("Background Job", {"organization": NAME}, pluck="name"):
		frappe.db.delete("Job Log Part", {"background_job": job})
	frappe.db.delete("Job Execution Log", {"organization": NAME})
	frappe.db.delete("Background Job", {"organization": NAME})
	frappe.db.delete("Job Tally", {"organization": NAME})
	for member in frappe.get_all("Org Member", {"organization": NAME}, pluck="name"):
		purge("Org Member", member)
	purge("Organization", NAME)
	purge("Job Type", TYPE)
	frappe.clear_document_cache("Job Type", TYPE)

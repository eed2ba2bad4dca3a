"""Handlers of the demo's scans: a PDF is split, each of its pages is read, and the texts are merged.

As in docs/tutorial/a-scan-in-parts.md, which explains them.
"""

import frappe
from pypdf import PdfReader

from dartwing.dartwing_core.background_jobs import Flow, Job, JobContext, PermanentError


def split_scan(context: JobContext) -> dict:
	scan = context.parameters["scan"]
	count = len(open_scan(scan).pages)
	pages = [Job("read_page", {"scan": scan, "page": number}) for number in range(1, count + 1)]
	context.submit_flow(Flow("pages", pages >> Job("merge_pages", {"scan": scan})))
	return {"result": {"pages": count}}


def read_page(context: JobContext) -> dict:
	page = context.parameters["page"]
	text = context.step("recognize", recognize, context.parameters["scan"], page)
	if not text:
		raise PermanentError(f"page {page} has no text")
	return {"result": {"text": text}}


def merge_pages(context: JobContext) -> dict:
	texts = [page.result["text"] for page in context.parents]
	name = frappe.db.get_value("File", context.parameters["scan"], "file_name")
	content = "\n".join(texts)
	file = frappe.get_doc(doctype="File", file_name=f"{name}.txt", is_private=1, content=content).insert()
	return {"result": {"pages": len(texts)}, "output_reference": file.file_url}


def tell_owner(context: JobContext) -> None:
	group = frappe.db.get_value(
		"Job Group", {"on_end_job": context.job_id}, ["title", "status"], as_dict=True
	)
	subject = f"{group.title}: {group.status}"
	alert = frappe.get_doc(doctype="Notification Log", type="Alert", for_user=context.owner, subject=subject)
	alert.insert(ignore_permissions=True)


def open_scan(name: str) -> PdfReader:
	file = frappe.get_doc("File", name)
	file.check_permission("read")
	return PdfReader(file.get_full_path())


def recognize(scan: str, page: int) -> str:
	return open_scan(scan).pages[page - 1].extract_text().strip()

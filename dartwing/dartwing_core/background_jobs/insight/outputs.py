"""Which outputs of jobs the session's user may open, and where."""

from collections.abc import Iterable
from urllib.parse import quote

import frappe

from dartwing.dartwing_core.background_jobs import texts
from dartwing.dartwing_core.background_jobs.database.job_files import PRIVATE


def urls_of(references: Iterable[str | None]) -> dict[str, str]:
	"""The address of each reference that the user may open; the others are left out.

	A reference is the URL of a file of this site, or an address on the web. A private file is opened by who
	may read it; a public one, by anybody.
	"""
	given = [reference for reference in references if reference]
	readable = _readable([reference for reference in given if reference.startswith(PRIVATE)])
	public = {one for one in given if texts.is_file_of_this_site(one) and not one.startswith(PRIVATE)}
	urls = {one: quote(one) for one in (*readable, *public)}
	return urls | {one: one for one in given if texts.is_web_address(one)}


def _readable(private: list[str]) -> set[str]:
	if not private:
		return set()
	files = frappe.get_all("File", filters={"file_url": ("in", private)}, fields=["*"])
	return {file.file_url for file in files if frappe.get_doc({"doctype": "File", **file}).is_downloadable()}

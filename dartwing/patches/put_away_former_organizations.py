import frappe

from dartwing.dartwing_core.background_jobs import config
from dartwing.dartwing_core.background_jobs.upkeep.former_organizations import (
	PREFIX,
	name_of_former,
	put_away_batch,
	put_away_jobs,
)
from dartwing.dartwing_core.doctype.background_job.background_job import locked


def execute() -> None:
	"""Put away the jobs of organizations that were deleted before this was done with the deletion.

	Also where an organization of the same name, or of one that the database takes for equal, came later:
	what is older than its organization is another one's. Commits each batch.
	"""
	for organization in names_without_organization():
		while put_away_batch(organization):
			frappe.db.commit()
	while batch := older_than_their_organization():
		put_away_jobs(locked([job.name for job in batch]), name_of_former(batch[0].organization))
		frappe.db.commit()


def names_without_organization() -> list[str]:
	"""Every spelling that rows have and no organization; reads the tables once."""
	organizations = set(frappe.get_all("Organization", pluck="name"))
	found: set[str] = set()
	for table in ("Background Job", "Job Tally"):
		names = frappe.db.sql(f"select distinct binary organization from `tab{table}`", pluck=True)
		found.update((name.decode() if isinstance(name, bytes) else name) for name in names if name)
	return sorted(name for name in found - organizations if not name.startswith(PREFIX))


def older_than_their_organization() -> list[frappe._dict]:
	"""Some jobs of one organization."""
	found = frappe.db.sql(
		"""select job.name, organization.name as organization from `tabOrganization` organization
		join `tabBackground Job` job on job.organization = organization.name
			and job.creation < organization.creation
		limit %s""",
		(int(config.get("batch_size")),),
		as_dict=True,
	)
	return [job for job in found if job.organization == found[0].organization]

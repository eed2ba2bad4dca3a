"""Fill the site as Administrator: organizations, logins and some thousands of people.

Everything else in the demo goes through the REST API; making logins and 25,000 rows is for who runs the site.
"""

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta

import frappe
from frappe.utils import now_datetime
from frappe.utils.background_jobs import get_queue
from frappe.utils.password import update_password

from demo.scenario import ORGANIZATIONS, PASSWORD, SITE, Organization

SEED = 2026
FIRST_NAMES = """
Ada Ahmed Aiko Amara Anna Anton Aya Beat Bela Carla Chiara Daniel Diego Elena Emil Emma Erik Fatima Felix
Femi Flurina Franz Greta Hana Hugo Ida Ines Ivan Jakob Jana Jonas Julia Kai Karim Lara Lea Leon Lina Luca
Lukas Maja Marco Maria Mateo Mila Milan Mira Nadja Nils Nina Noah Nora Olga Oskar Paula Pedro Priya
Rafael Rosa Sami Sara Selma Simon Sofia Stefan Tara Theo Tim Tomas Ursina Valentin Vera Viktor Yara Yusuf
Zoe
"""
LAST_NAMES = """
Abbas Aebi Albrecht Almeida Amstutz Bader Baumann Berger Bianchi Brunner Caflisch Camenzind Cheng Costa
Diallo Egger Eriksen Fankhauser Favre Fischer Frei Garcia Gerber Graf Haas Hansen Herzog Hofer Huber
Ivanova Jensen Kaufmann Keller Khan Kobayashi Koch Kowalski Kunz Lang Lehmann Lindberg Lopez Marti Martin
Meier Meyer Moser Mueller Nguyen Novak Nowak Okafor Olsen Patel Peter Rossi Roth Santos Sato Schmid
Schneider Schwarz Silva Steiner Studer Suter Tanaka Vogel Wagner Weber Wyss Yilmaz Zbinden Ziegler
Zimmermann
"""
ROLES = ("Member", "Member", "Member", "Volunteer", "Treasurer", "Instructor", "Secretary")
PERSON_FIELDS = ("first_name", "last_name", "primary_email", "mobile_no", "status")
MEMBER_FIELDS = ("person", "organization", "role", "status", "start_date")
STANDARD_FIELDS = ("name", "owner", "modified_by", "creation", "modified", "docstatus", "idx")
OFFERED = ("data_export", "echo_job", "invite_guests", "long_running_job", "sample_job")
# handlers that the app does not ship, by the module of its tests
HANDLERS = {
	"scans": ("split_scan", "read_page", "merge_pages", "tell_owner"),
	"invitations": ("invite_guests",),
}
QUEUES = ("short", "default", "long")


def prepare() -> dict[str, int]:
	"""Make what is missing, take away the jobs of the last run; returns people by organization."""
	for organization in ORGANIZATIONS:
		make_organization(organization)
		forget_jobs(organization)
		if member_count(organization) < organization.people:
			write_people(organization)
	register_handlers()
	offer_on_page()
	for queue in QUEUES:
		get_queue(queue).empty()
	frappe.db.commit()
	return {organization.name: member_count(organization) for organization in ORGANIZATIONS}


def offer_on_page() -> None:
	"""Job Types that members may submit on the page /jobs; the app's own are as shipped after a migration."""
	for name in OFFERED:
		job_type = frappe.get_doc("Job Type", name)
		if not job_type.allow_web_submission:
			job_type.allow_web_submission = 1
			job_type.save()


def register_handlers() -> None:
	for module, names in HANDLERS.items():
		for name in names:
			if not frappe.db.exists("Job Type", name):
				handler = f"dartwing.tests.{module}.{name}"
				about = {"type_name": name, "display_name": name.replace("_", " ").capitalize()}
				frappe.get_doc({"doctype": "Job Type", **about, "handler_method": handler}).insert()


def member_count(organization: Organization) -> int:
	return frappe.db.count("Org Member", {"organization": organization.name})


def make_organization(organization: Organization) -> None:
	if frappe.db.exists("Organization", organization.name):
		return
	frappe.get_doc(
		{"doctype": "Organization", "org_name": organization.name, "org_type": organization.org_type}
	).insert()
	make_member(organization, organization.user, "Dartwing User")
	make_member(organization, organization.admin, "Dartwing User", "Dartwing Admin")


def make_member(organization: Organization, email: str, *roles: str) -> None:
	"""A login with a Person and an Org Member: how the app knows who belongs where."""
	first_name = email.split("@")[0].title()
	user = frappe.get_doc(
		{"doctype": "User", "email": email, "first_name": first_name, "send_welcome_email": 0}
	)
	user.insert()
	user.add_roles(*roles)
	update_password(email, PASSWORD)
	person = frappe.get_doc(
		{"doctype": "Person", "first_name": first_name, "primary_email": email, "frappe_user": email}
	).insert()
	frappe.get_doc(
		{"doctype": "Org Member", "person": person.name, "organization": organization.name, "role": "Staff"}
	).insert()


def forget_jobs(organization: Organization) -> None:
	"""A run that was interrupted leaves jobs behind that nobody works on; every run begins alike."""
	of_organization = {"organization": organization.name}
	jobs = frappe.get_all("Background Job", of_organization, pluck="name")
	attached = {"attached_to_doctype": "Background Job", "attached_to_name": ("in", jobs or [""])}
	of_members = {"owner": ("in", (organization.user, organization.admin)), "is_folder": 0}
	for filters in (attached, of_members):
		for file in frappe.get_all("File", filters, pluck="name"):
			frappe.delete_doc("File", file, force=True)
	for doctype in ("Job Dependency", "Job Log Part"):
		frappe.db.delete(doctype, {"background_job": ("in", jobs or [""])})
	schedules = frappe.get_all("Job Schedule", of_organization, pluck="name")
	frappe.db.delete("Job Schedule Slot", {"schedule": ("in", schedules or [""])})
	for doctype in ("Job Execution Log", "Background Job", "Job Group", "Job Schedule"):
		frappe.db.delete(doctype, of_organization)


def write_people(organization: Organization) -> None:
	people = list(invent_people(organization))
	persons = [[*standard_values(name), *person] for name, person, _ in people]
	members = [[*standard_values(f"{name}-M"), name, organization.name, *rest] for name, _, rest in people]
	frappe.db.bulk_insert("Person", [*STANDARD_FIELDS, *PERSON_FIELDS], persons)
	frappe.db.bulk_insert("Org Member", [*STANDARD_FIELDS, *MEMBER_FIELDS], members)


def invent_people(organization: Organization) -> Iterator[tuple[str, list, list]]:
	"""The same people on every machine: `(name, values of the Person, role, status and start)`."""
	dice = random.Random(f"{SEED} {organization.code}")
	first_names, last_names = FIRST_NAMES.split(), LAST_NAMES.split()
	for number in range(1, organization.people + 1):
		first, last = dice.choice(first_names), dice.choice(last_names)
		email = f"{first}.{last}.{number}@{organization.user.split('@')[1]}".lower()
		mobile = f"+41 7{dice.randrange(5, 10)} {dice.randrange(100, 1000)} {dice.randrange(10, 100)} 00"
		status = "Active" if dice.random() < 0.9 else "Inactive"
		joined = date(2005, 1, 1) + timedelta(days=dice.randrange(7500))
		name = f"{organization.code}-{number:05}"
		yield name, [first, last, email, mobile, status], [dice.choice(ROLES), status, joined]


def standard_values(name: str) -> list:
	now = now_datetime()
	return [name, "Administrator", "Administrator", now, now, 0, 0]


def main() -> None:
	frappe.init(SITE)
	frappe.connect()
	try:
		print(json.dumps(prepare()))
	finally:
		frappe.destroy()


if __name__ == "__main__":
	main()

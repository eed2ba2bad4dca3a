"""Who takes part in the demo, and which jobs they submit."""

from dataclasses import dataclass, field
from typing import Any

SITE = "demo.localhost"
# for logins of a site that only this machine reaches
PASSWORD = "demo"


@dataclass(frozen=True)
class Organization:
	name: str
	org_type: str
	code: str
	people: int
	user: str
	admin: str


ALPINE = Organization(
	"Alpine Club", "Association", "AC", 20_000, "heidi@alpine.example", "gian@alpine.example"
)
HARBOUR = Organization(
	"Harbour Hospital", "Nonprofit", "HH", 5_000, "nadia@harbour.example", "omar@harbour.example"
)
ORGANIZATIONS = (ALPINE, HARBOUR)


@dataclass(frozen=True)
class Plan:
	"""A job that a member submits, and how it is meant to end."""

	title: str
	organization: Organization
	member: str
	job_type: str
	parameters: dict[str, Any] = field(default_factory=dict)
	priority: str | None = None
	ends_as: str = "Completed"

	@property
	def is_export(self) -> bool:
		return self.job_type == "data_export"

	def arguments(self) -> dict[str, Any]:
		"""What `submit_job` is called with."""
		return {
			"job_type": self.job_type,
			"organization": self.organization.name,
			"parameters": self.parameters,
			"priority": self.priority,
		}


@dataclass(frozen=True)
class ScanPlan(Plan):
	"""A PDF that a member uploads and has read, with a text for each page."""

	file_name: str = "scan.pdf"
	texts: tuple[str, ...] = ()

	def arguments(self, file: str = "") -> dict[str, Any]:
		"""What `submit_flow` is called with for an uploaded file, whose pages nobody has counted yet."""
		return {
			"organization": self.organization.name,
			"title": self.title,
			"jobs": [{"job_type": "split_scan", "parameters": {"scan": file}}],
			"on_end": {"job_type": "tell_owner", "parameters": {"scan": file}},
		}


def scan(organization: Organization, title: str, file_name: str, *texts: str, ends_as: str) -> ScanPlan:
	plan = {"file_name": file_name, "texts": texts, "ends_as": ends_as}
	return ScanPlan(title, organization, organization.user, "flow", **plan)


def export(organization: Organization, doctype: str, file_format: str) -> Plan:
	parameters = {"doctype": doctype, "file_format": file_format}
	title = f"{doctype}, {file_format}"
	return Plan(title, organization, organization.user, "data_export", parameters)


def sample(organization: Organization, priority: str, seconds: float) -> Plan:
	parameters = {"duration": seconds}
	title = f"work for {seconds:g} s"
	return Plan(title, organization, organization.admin, "sample_job", parameters, priority)


# submitted in this order, before there is a worker: the priorities decide what runs first
PLANS = (
	sample(ALPINE, "Low", 2),
	export(ALPINE, "Person", "CSV"),
	export(ALPINE, "Org Member", "XLSX"),
	export(HARBOUR, "Person", "CSV"),
	sample(HARBOUR, "Normal", 3),
	Plan("echo", HARBOUR, HARBOUR.user, "echo_job", {"ship": "ahoy"}),
	Plan(
		"fail for good",
		ALPINE,
		ALPINE.user,
		"sample_job",
		{"duration": 1, "fail_with": "permanent"},
		ends_as="Dead Letter",
	),
	sample(HARBOUR, "High", 3),
	sample(ALPINE, "Critical", 4),
)

# each submits one job, which submits one for each page and one that merges them
SCANS = (
	scan(
		ALPINE,
		"Minutes, scan",
		"minutes.pdf",
		"The minutes of the general meeting in May.",
		"Twenty thousand members were invited.",
		"The hut on the pass gets a new roof.",
		"The rope of the old bridge is replaced.",
		"The treasurer was thanked.",
		"The next meeting is in June.",
		ends_as="Completed",
	),
	scan(
		HARBOUR,
		"Ward list, scan",
		"wards.pdf",
		"Ward A has nine beds.",
		"",
		"Ward C is closed.",
		ends_as="Failed",
	),
)

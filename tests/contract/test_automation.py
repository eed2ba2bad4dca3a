"""Frappe's automation, as it fires for a document that was just saved: what the engine's ends rely on."""

import frappe
import pytest
from factories import OBLIGING, World, acting_as, purge
from runtimes.chosen import is_a_bench

from dartwing.dartwing_core.background_jobs import Flow, Job, submit_job
from dartwing.dartwing_core.background_jobs.announcing.automation import FIELD, GROUP, JOB, SETTINGS

pytestmark = pytest.mark.skipif(
	not is_a_bench(), reason="benchless has neither notifications nor webhooks, assignments and scripts"
)
NAME = "Written by a Test"
# the kind, the document, and the tables in which Frappe keeps it
KINDS = {
	"Notification": {
		"subject": "{{ doc.name }} ended: {{ doc.status }} {{ doc.input_parameters }}",
		"event": "Save",
		"channel": "System Notification",
		"document_type": JOB,
		"condition": "doc.status == 'Dead Letter'",
		"message": "look",
		"recipients": [{"receiver_by_role": "System Manager"}],
		"enabled": 1,
	},
	"Webhook": {
		"webhook_doctype": JOB,
		"webhook_docevent": "on_update",
		"request_url": "http://127.0.0.1:9/",
		"request_method": "POST",
		"request_structure": "",
		"enabled": 1,
	},
	"Assignment Rule": {
		"document_type": JOB,
		"assign_condition": "status == 'Dead Letter'",
		"description": "look",
		"rule": "Round Robin",
		"users": [{"user": World.manager}],
		"assignment_days": [
			{"day": day}
			for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
		],
	},
	"Server Script": {
		"script_type": "DocType Event",
		"reference_doctype": JOB,
		"doctype_event": "After Save",
		"script": "frappe.get_doc(dict(doctype='ToDo', description=f'{doc.name} ' + doc.status)).insert()",
	},
}


@pytest.fixture
def configured(monkeypatch):
	"""Saves one of a kind, as an administrator does in Desk; all are gone at the end."""
	made = []
	# otherwise Frappe has a worker write Notification Logs
	monkeypatch.setitem(frappe.flags, "in_test", True)
	monkeypatch.setattr(frappe, "in_test", True, raising=False)

	def save(kind: str, **values):
		document = frappe.get_doc({"doctype": kind, **KINDS[kind], **values})
		made.append(document.insert(set_name=NAME))
		frappe.db.commit()
		return document

	yield save
	frappe.db.rollback()
	for document in made:
		frappe.delete_doc(document.doctype, document.name, force=True)
		purge(document.doctype, document.name)
	for todo in frappe.get_all("ToDo", {"description": ("like", "%look%")}, pluck="name"):
		purge("ToDo", todo)
	frappe.db.delete("ToDo", {"description": ("like", "JOB-%")})
	frappe.db.commit()
	assert not frappe.db.get_single_value(SETTINGS, FIELD)


@pytest.fixture
def scripts_allowed(monkeypatch):
	safe_exec = frappe.get_attr("frappe.utils.safe_exec.is_safe_exec_enabled")
	monkeypatch.setitem(safe_exec.__globals__, "is_safe_exec_enabled", lambda: True)


@pytest.fixture
def end(doctypes, dartwing_jobs):
	"""Ends a job of alice's here, with what that sets off; its id."""

	def end_one(mode: str = "raise_validation", **parameters) -> str:
		with acting_as(doctypes.alice):
			name = submit_job(OBLIGING, doctypes.alpha, {"mode": mode, **parameters}).name
		dartwing_jobs.drain()
		return name

	return end_one


def test_a_notification_is_sent_once_and_tells_no_secret(configured, end):
	configured("Notification")
	assert frappe.db.get_single_value(SETTINGS, FIELD) == JOB
	job = end(api_key="topsecret")
	found = frappe.get_all("Notification Log", {"document_name": job}, ["subject", "for_user"])
	assert {row.for_user for row in found} >= {World.manager}
	assert len(found) == len({row.for_user for row in found})
	for row in found:
		assert "Dead Letter" in row.subject
		assert "topsecret" not in row.subject


def test_the_condition_of_a_notification_holds(configured, end):
	configured("Notification")
	assert not frappe.get_all("Notification Log", {"document_name": end(mode="succeed")})


def test_a_notification_of_a_changed_value_sees_the_change(configured, end):
	configured("Notification", event="Value Change", value_changed="status")
	assert frappe.get_all("Notification Log", {"document_name": end()})


def test_a_webhook_is_put_into_frappes_queue(configured, end, monkeypatch):
	pushed = []
	enqueue = frappe.enqueue

	def note(method, *arguments, **named):
		if "webhook" in str(method):
			pushed.append(named)
			return None
		return enqueue(method, *arguments, **named)

	monkeypatch.setattr(frappe, "enqueue", note)
	configured("Webhook")
	job = end()
	assert [named["doc"].name for named in pushed] == [job]


def test_an_assignment_rule_assigns(configured, end):
	configured("Assignment Rule")
	job = end()
	todos = frappe.get_all("ToDo", {"reference_name": job}, pluck="allocated_to")
	assert todos == [World.manager]


def test_a_server_script_runs_as_administrator(configured, end, scripts_allowed):
	configured("Server Script")
	job = end()
	(todo,) = frappe.get_all("ToDo", {"description": f"{job} Dead Letter"}, ["owner"])
	assert todo.owner == "Administrator"


def test_a_server_script_that_raises_harms_nothing(configured, end, scripts_allowed):
	configured("Server Script", script="frappe.throw('no')")
	job = end()
	assert frappe.db.get_value(JOB, job, "status") == "Dead Letter"
	assert frappe.db.exists("Error Log", {"method": ("like", f"%Server Script about {job}")})
	frappe.db.delete("Error Log", {"method": ("like", f"%about {job}")})


def test_a_group_is_told_of_as_well(configured, doctypes, dartwing_jobs):
	configured("Notification", document_type=GROUP, condition="doc.status == 'Completed'", subject="done")
	assert frappe.db.get_single_value(SETTINGS, FIELD) == GROUP
	with acting_as(World.alice):
		flow = Flow("two", [Job(OBLIGING, {"mode": "succeed", "n": n}) for n in range(2)])
		group = flow.submit(doctypes.alpha).group_id
	dartwing_jobs.drain()
	found = frappe.get_all("Notification Log", {"document_name": group}, pluck="for_user")
	assert World.manager in found
	assert len(found) == len(set(found))


def test_one_that_is_disabled_is_not_told(configured, end):
	notification = configured("Notification")
	notification.enabled = 0
	notification.save()
	frappe.db.commit()
	assert not frappe.db.get_single_value(SETTINGS, FIELD)
	assert not frappe.get_all("Notification Log", {"document_name": end()})

"""What a member's request puts off is theirs in the worker, too."""

import frappe
import pytest
from factories import CURIOUS, submit
from runtimes.chosen import is_a_bench

JINJA = "{{ frappe.db.sql('select name from `tabBackground Job`') }}"
BULK = "frappe.desk.doctype.bulk_update.bulk_update.submit_cancel_or_update_docs"
# from so many documents on, Frappe changes them in a worker
MANY = 20


@pytest.mark.skipif(not is_a_bench(), reason="benchless changes no documents in bulk")
def test_a_change_of_many_documents_is_no_way_around_the_doors(world, runtime, curious):
	"""Neither a template for everybody, nor a reference to a job of another organization."""
	own, foreign = submit().name, submit(world.bob, world.beta).name
	# what a run that was ended left
	frappe.db.delete("Web Page", {"route": ("like", "lent-%")})
	frappe.db.commit()
	page = {"published": 1, "content_type": "HTML", "main_section_html": "plain"}
	pages = [
		made(curious, "Web Page", {**page, "title": f"lent {n}", "route": f"lent-{n}"}) for n in range(MANY)
	]
	todo = {"description": "plain", "allocated_to": CURIOUS}
	todo |= {"reference_type": "Background Job", "reference_name": own}
	todos = [made(curious, "ToDo", todo) for _ in range(MANY)]

	def work() -> None:
		runtime.run("worker", "--queue", "short,default,long", "--burst")

	try:
		change(curious, "Web Page", pages, main_section_html=JINJA)
		change(curious, "ToDo", todos, reference_name=foreign, description="another")
		work()
		frappe.db.rollback()
		assert values("Web Page", pages, "main_section_html") == {"plain"}
		assert values("ToDo", todos, "reference_name") == {own}
		# and what is harmless goes on
		change(curious, "ToDo", todos, priority="High")
		work()
		assert values("ToDo", todos, "priority") == {"High"}
	finally:
		for doctype, names in (("Web Page", pages), ("ToDo", todos)):
			frappe.db.delete(doctype, {"name": ("in", names)})
		frappe.db.commit()


def made(client, doctype: str, values: dict) -> str:
	answer = client.post(f"/api/resource/{doctype}", json=values)
	assert answer.status_code == 200, answer.text
	return answer.json()["data"]["name"]


def change(client, doctype: str, names: list[str], **changed: str) -> None:
	sent = {"doctype": doctype, "docnames": names, "action": "update", "data": frappe.as_json(changed)}
	answer = client.post(f"/api/method/{BULK}", json=sent)
	assert answer.status_code == 200, answer.text


def values(doctype: str, names: list[str], field: str) -> set:
	frappe.db.rollback()
	return set(frappe.get_all(doctype, {"name": ("in", names)}, pluck=field, limit=0))

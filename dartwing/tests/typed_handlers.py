"""A handler of the tests that says what parameters it takes."""

from datetime import date
from decimal import Decimal
from typing import Literal

import frappe
from pydantic import BaseModel, Field

from dartwing.dartwing_core.background_jobs import JobContext, Link, Upload


class Person(BaseModel):
	name: str = Field(min_length=1)
	e_mail: str | None = None
	born: date | None = None


class ImportPeople(BaseModel):
	people: list[Person] = []
	amount: Decimal = Decimal("1.10")
	count: int = 0
	api_token: str = Field("", max_length=20)
	how: Literal["tell", "insert", "fail"] = "tell"
	organization: Link("Organization") | None = None
	scan: Upload | None = None


def import_people(context: JobContext[ImportPeople]) -> dict:
	"""Tell of the parameters, or insert the people."""
	given = context.parameters
	if given.how == "fail":
		raise frappe.ValidationError("asked to fail")
	for person in given.people:
		if given.how == "insert":
			frappe.get_doc({"doctype": "Person", "first_name": person.name, "last_name": "Typed"}).insert()
	kinds = [type(one).__name__ for one in (given, given.amount, given.count, *given.people)]
	return {"result": {"kinds": kinds, "born": [str(person.born) for person in given.people]}}

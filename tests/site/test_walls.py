"""Who may change members and organizations."""

import frappe
import pytest
from factories import acting_as


def member_of(user: str):
	person = frappe.db.get_value("Person", {"frappe_user": user})
	return frappe.get_doc("Org Member", {"person": person})


def test_an_admin_cannot_pull_a_member_over_from_another_organization(world):
	member = member_of(world.bob)
	with acting_as(world.adam):
		member.organization = world.alpha
		with pytest.raises((frappe.PermissionError, frappe.ValidationError)):
			member.save()
	assert frappe.db.get_value("Org Member", member.name, "organization") == world.beta


def test_a_member_cannot_change_a_membership(world):
	member = member_of(world.alice)
	with acting_as(world.alice):
		member.role = "Owner"
		with pytest.raises(frappe.PermissionError):
			member.save()


@pytest.mark.parametrize(("field", "value"), [("job_window", 99999), ("status", "Suspended")])
def test_an_organizations_admin_cannot_change_its_limits_or_its_status(world, field, value):
	before = frappe.db.get_value("Organization", world.alpha, field)
	with acting_as(world.adam):
		organization = frappe.get_doc("Organization", world.alpha)
		organization.set(field, value)
		organization.save()
	assert frappe.db.get_value("Organization", world.alpha, field) == before


def test_a_system_manager_can(world):
	with acting_as(world.manager):
		organization = frappe.get_doc("Organization", world.alpha)
		organization.job_window = 7
		organization.save()
	assert frappe.db.get_value("Organization", world.alpha, "job_window") == 7
	frappe.db.rollback()

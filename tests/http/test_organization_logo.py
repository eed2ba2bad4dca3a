"""An organization's logo, which Frappe's image view puts into the page as it is."""

import frappe
import pytest


@pytest.mark.parametrize(
	"logo",
	[
		'/files/x.png" onerror="alert(1)" x="',
		"javascript:alert(1)",
		"data:text/html,<script>alert(1)</script>",
		"<img src=x onerror=alert(1)>",
		"//elsewhere.example/x.png",
	],
)
def test_a_logo_is_a_file_or_an_address(adam, world, logo):
	answer = adam.put(f"/api/resource/Organization/{world.alpha}", json={"logo": logo})
	assert answer.status_code == 417
	assert "Logo" in answer.text
	frappe.db.rollback()
	assert not frappe.db.get_value("Organization", world.alpha, "logo")


def test_a_file_of_the_site_is_a_logo(adam, world):
	answer = adam.put(f"/api/resource/Organization/{world.alpha}", json={"logo": "/files/logo.png"})
	frappe.db.rollback()
	stored = frappe.db.get_value("Organization", world.alpha, "logo")
	frappe.db.set_value("Organization", world.alpha, "logo", None)
	frappe.db.commit()
	assert (answer.status_code, stored) == (200, "/files/logo.png")

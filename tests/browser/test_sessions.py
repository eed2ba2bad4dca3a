from browser_client import guest_at, person_at


def test_a_browser_is_who_its_session_says(browser, browsed, world):
	member = person_at(browser, browsed.web.login(world.alice)).new_page()
	member.goto("/api/method/frappe.auth.get_logged_user")
	assert world.alice in member.content()
	guest = guest_at(browser, browsed.web).new_page()
	assert guest.goto("/api/method/frappe.auth.get_logged_user").status == 403

"""Pages of the website are opened by links that strangers send."""

import pytest

BREAKING = [
	'"><img src=x onerror=alert(1)>',
	"<script>alert(1)</script>",
	'" onmouseover="alert(1)',
	"'style='x",
]


@pytest.mark.parametrize("page", ["/list", "/jobs"])
@pytest.mark.parametrize("text", BREAKING)
@pytest.mark.parametrize("who", ["guest", "manager"])
def test_a_page_of_the_website_repeats_no_markup_of_its_address(request, page, text, who):
	client = request.getfixturevalue(who)
	for argument in ("pathname", "x"):
		answer = client.get(page, params={"doctype": "Note", argument: text})
		assert answer.status_code == 417, answer.text
		assert text not in answer.text
	answer = client.get(page, params={"doctype": "Note", text: "x"})
	assert answer.status_code == 417, answer.text


def test_a_page_of_the_website_is_asked_as_before(manager):
	for text in ("a & b", "x < 5 > 3", "Bob's", '"quoted"', "/app/todo?x=1", "ünïcode"):
		answer = manager.get("/jobs", params={"redirect-to": text, "txt": text})
		assert answer.status_code == 200, (text, answer.text)

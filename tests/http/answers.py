"""What answers of the REST API have in common."""

import re
from typing import Any

from framework import since
from requests import Response

API = "dartwing.dartwing_core.api.jobs"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
# what Frappe adds to an error for Desk
OF_FRAPPE = {"exc_type", "_server_messages"}
# what Desk asks of the name in a link, and what a socket asks before it is let into a document's room
LINK_CHECK = f"frappe.client.validate_link{'_and_fetch' if since(16, 0) else ''}"
ROOM_CHECK = f"frappe.realtime.{'has_permission' if since(16, 0) else 'can_subscribe_doc'}"


def without_ids(text: str) -> str:
	"""An answer's text without the ids that Frappe draws for errors, which v16 writes without blanks."""
	return re.sub(r'(__frappe_exc_id\\*":\s*\\*")\w+', r"\1", text)


def message(response: Response) -> Any:
	assert response.status_code == 200, response.text
	body = response.json()
	assert set(body) == {"message"}
	return body["message"]


def error(response: Response, code: int) -> str:
	"""The sentence of an error with this code, which has neither a traceback nor a second line.

	Of parameters that do not fit there is a list as well, whose first one begins the sentence.
	"""
	assert response.status_code == code, response.text
	body = response.json()
	for first in body.pop("problems", [])[:1]:
		assert body["error"].startswith(f"{first['argument']}: {first['reason']}"), body
	assert set(body) - OF_FRAPPE == {"error"}, body
	assert "Traceback" not in response.text
	assert "\n" not in body["error"]
	return body["error"]

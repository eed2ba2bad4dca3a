"""What answers of the REST API have in common."""

from typing import Any

from requests import Response

API = "dartwing.dartwing_core.api.jobs"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
# what Frappe adds to an error for Desk
OF_FRAPPE = {"exc_type", "_server_messages"}


def message(response: Response) -> Any:
	assert response.status_code == 200, response.text
	body = response.json()
	assert set(body) == {"message"}
	return body["message"]


def error(response: Response, code: int) -> str:
	"""The sentence of an error with this code, which has neither a traceback nor a second line."""
	assert response.status_code == code, response.text
	body = response.json()
	assert set(body) - OF_FRAPPE == {"error"}, body
	assert "Traceback" not in response.text
	assert "\n" not in body["error"]
	return body["error"]

"""Whether all parts of the engine work, for monitoring."""

from http import HTTPStatus
from typing import Any

import frappe

from dartwing.dartwing_core.api.endpoints import endpoint
from dartwing.dartwing_core.background_jobs.insight import diagnosis
from dartwing.dartwing_core.background_jobs.tenancy import access


@endpoint(("GET",), is_documented=False)
def get_health() -> dict[str, Any]:
	"""What `diagnosis.examine` finds, for System Managers and users with the role Job Metrics Reader.

	HTTP 503, with one sentence in `error`, when something is down.
	"""
	access.check_operator()
	found = diagnosis.examine()
	if not found["healthy"]:
		frappe.local.response["http_status_code"] = HTTPStatus.SERVICE_UNAVAILABLE.value
		frappe.local.response["error"] = "; ".join(
			f"{finding['check']}: {finding['message']}"
			for finding in found["checks"]
			if finding["status"] == diagnosis.DOWN
		)
	return found

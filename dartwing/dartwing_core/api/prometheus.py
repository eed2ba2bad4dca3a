"""What Prometheus scrapes."""

from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.wrappers import Response

from dartwing.dartwing_core.api.endpoints import endpoint
from dartwing.dartwing_core.background_jobs.insight.exposition import exposition
from dartwing.dartwing_core.background_jobs.tenancy import access


@endpoint(("GET",), is_documented=False)
def get_exposition() -> Response:
	"""Figures of the whole site, for System Managers and users with the role Job Metrics Reader."""
	access.check_operator()
	return Response(exposition(), content_type=CONTENT_TYPE_LATEST)

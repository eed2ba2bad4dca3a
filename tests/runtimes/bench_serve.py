"""Serve a bench's sites on a port of 127.0.0.1; run in the sites folder. `bench serve` listens everywhere."""

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

import frappe
import frappe.app
from werkzeug.serving import run_simple

# v16 keeps a site's configuration for a minute; the tests change it between two requests
forget_config: Callable[[], None] = getattr(
	getattr(frappe, "config", None), "clear_site_config_cache", lambda: None
)


def serve(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
	forget_config()
	return application(environ, start_response)


if __name__ == "__main__":
	logging.getLogger("werkzeug").setLevel(logging.ERROR)
	application = frappe.app.application_with_statics()
	run_simple("127.0.0.1", int(sys.argv[1]), serve, threaded=True)

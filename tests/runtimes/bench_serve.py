"""Serve a bench's sites on a port of 127.0.0.1; run in the sites folder. `bench serve` listens everywhere."""

import logging
import sys

import frappe.app
from werkzeug.serving import run_simple

if __name__ == "__main__":
	logging.getLogger("werkzeug").setLevel(logging.ERROR)
	run_simple("127.0.0.1", int(sys.argv[1]), frappe.app.application_with_statics(), threaded=True)

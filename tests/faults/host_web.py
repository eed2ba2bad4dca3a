"""The sites, served on a port of 127.0.0.1 as a worker of gunicorn does; run in the sites folder."""

import sys

import frappe.app
from werkzeug.serving import run_simple

if __name__ == "__main__":
	run_simple("127.0.0.1", int(sys.argv[1]), frappe.app.application, threaded=True)

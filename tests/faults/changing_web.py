"""A web server whose database refuses rows that others changed, and others change all: `SITE PORT`."""

import logging
import sys
from pathlib import Path

# the modules that tests share; pytest is not here to add them
sys.path.append(str(Path(__file__).parents[1]))

import frappe
import frappe.app
from refusing import change_rows_first, refuse_changed_rows
from werkzeug.serving import run_simple

if __name__ == "__main__":
	site, port = sys.argv[1:]
	logging.getLogger("werkzeug").setLevel(logging.ERROR)
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	change_rows_first(lambda query: print("refused:", query, flush=True))
	frappe.destroy()
	refuse_changed_rows()
	run_simple("127.0.0.1", int(port), frappe.app.application, threaded=True)

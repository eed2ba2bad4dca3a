"""The parts that `frappe/__init__.py` puts together; apps import `frappe`, never this package."""

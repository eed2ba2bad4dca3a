"""Runs a Frappe app without a bench: sites, services, workers, web and socket server."""

__version__ = "0.1.0"

"""Rotating log files below the bench's and the site's logs folder."""

import logging
import os
from logging.handlers import RotatingFileHandler

import frappe


def get_logger(
	module=None,
	with_more_info=False,
	allow_site=True,
	filter=None,
	max_size=100_000,
	file_count=20,
	stream_only=False,
) -> logging.Logger:
	"""The logger of `module` for this site: `logs/<module>.log` of the bench and of the site."""
	site = getattr(frappe.local, "site", None) if allow_site is True else allow_site
	name = f"{module}-{site or 'all'}"
	if name in frappe.loggers:
		return frappe.loggers[name]
	module = module or "frappe"
	logger = logging.getLogger(name)
	logger.setLevel(frappe.log_level or logging.ERROR)
	logger.propagate = False
	for handler in make_handlers(module, site, max_size, file_count, stream_only):
		handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {module} %(message)s"))
		logger.addHandler(handler)
	if filter:
		logger.addFilter(filter)
	frappe.loggers[name] = logger
	return logger


# the name that `frappe.logger` is looked up by
logger = get_logger


def make_handlers(module, site, max_size, file_count, stream_only) -> list[logging.Handler]:
	if stream_only:
		return [logging.StreamHandler()]
	sites_path = getattr(frappe.local, "sites_path", ".")
	folders = [os.path.join(sites_path, "..", "logs")]
	if site:
		folders.append(os.path.join(sites_path, site, "logs"))
	for folder in folders:
		os.makedirs(folder, exist_ok=True)
	return [
		RotatingFileHandler(os.path.join(folder, f"{module}.log"), maxBytes=max_size, backupCount=file_count)
		for folder in folders
	]

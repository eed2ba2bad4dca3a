"""`frappe.utils.data`: numbers, dates and text under the module name that apps import."""
# ruff: noqa: F401
# this module is where apps import these names from

import datetime
import json

import frappe
from frappe._api.values import _dict, generate_hash
from frappe.utils.dates import (
	DATE_FORMAT,
	DATETIME_FORMAT,
	TIME_FORMAT,
	add_days,
	add_months,
	add_to_date,
	add_years,
	convert_utc_to_system_timezone,
	convert_utc_to_timezone,
	date_diff,
	format_time_exactly,
	format_timedelta,
	get_date_str,
	get_datetime,
	get_datetime_in_timezone,
	get_datetime_str,
	get_first_day,
	get_last_day,
	get_system_timezone,
	get_time,
	get_timedelta,
	get_timespan_date_range,
	getdate,
	is_invalid_date_string,
	now,
	now_datetime,
	nowdate,
	nowtime,
	parse_timedelta,
	time_diff,
	time_diff_in_hours,
	time_diff_in_seconds,
	to_timedelta,
	today,
)
from frappe.utils.filters import compare, evaluate_filters, get_filter, make_filter_tuple, sanitize_column
from frappe.utils.numbers import cint, flt, rounded, sbool
from frappe.utils.text import (
	comma_and,
	comma_or,
	comma_sep,
	cstr,
	encode,
	escape_html,
	get_absolute_url,
	get_host_name,
	get_link_to_form,
	get_url,
	get_url_to_form,
	get_url_to_list,
	is_html,
	quoted,
	strip,
	strip_html,
	unique,
)

TEXT_TYPES = (
	*("Data", "Text", "Small Text", "Long Text", "Text Editor"),
	*("Select", "Link", "Dynamic Link"),
)
LOWEST_DATETIME = datetime.datetime(1, 1, 1)


def cast(fieldtype, value=None):
	"""The value as the Python type of a field type; None becomes that type's lowest value."""
	if fieldtype in ("Currency", "Float", "Percent"):
		return flt(value)
	if fieldtype in ("Int", "Check"):
		return cint(sbool(value))
	if fieldtype in TEXT_TYPES:
		return cstr(value)
	if fieldtype == "Date":
		return getdate(value) if value else LOWEST_DATETIME.date()
	if fieldtype == "Datetime":
		return get_datetime(value) if value else LOWEST_DATETIME
	return get_timedelta(value) if fieldtype == "Time" else value

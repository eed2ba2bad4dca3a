"""Text: HTML, addresses, e-mail."""

import json
import re
from urllib.parse import urljoin, urlparse

import bleach
import frappe
from bs4 import BeautifulSoup
from frappe._api.values import as_unicode

HTML_TAG = re.compile(r"<[^>]+>")
EMAIL = re.compile(
	r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]", re.IGNORECASE
)
SAFE_TAGS = (
	"a abbr b big blockquote br caption center cite code col colgroup dd del div dl dt em figcaption figure "
	"font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span strike strong sub "
	"sup table tbody td tfoot th thead tr tt u ul var"
)
SAFE_ATTRIBUTES = "alt class colspan height href id rowspan src target title width"
HTML_ESCAPES = str.maketrans({"&": "&amp;", '"': "&quot;", "'": "&apos;", ">": "&gt;", "<": "&lt;"})


cstr = as_unicode


def strip_html(text: str) -> str:
	return HTML_TAG.sub("", text)


def escape_html(text):
	"""The five special characters as entities; what is no text comes back as it was."""
	return text.translate(HTML_ESCAPES) if isinstance(text, str) else text


def sanitize_html(html):
	"""HTML with only formatting tags and attributes left; everything else in it is escaped. JSON stays."""
	if not isinstance(html, str) or _is_json(html) or not BeautifulSoup(html, "html.parser").find():
		return html
	return bleach.clean(
		html, tags=SAFE_TAGS.split(), attributes=SAFE_ATTRIBUTES.split(), strip_comments=False
	)


def _is_json(text: str) -> bool:
	try:
		json.loads(text)
	except ValueError:
		return False
	return True


def validate_email_address(address: str) -> None:
	"""Raise InvalidEmailAddressError for what is no address, with or without a name before it."""
	in_brackets = re.search(r"<([^>]*)>", address)
	if not EMAIL.fullmatch(in_brackets[1] if in_brackets else address.strip()):
		message = f"{escape_html(address.strip())} is not a valid Email Address"
		frappe.throw(message, frappe.InvalidEmailAddressError)


def split_emails(txt) -> list[str]:
	"""The parts between commas; line breaks count as blanks."""
	return [part.strip() for part in re.sub(r"\s+", " ", cstr(txt)).split(",") if part.strip()]


def validate_url(txt: str) -> None:
	"""Raise ValidationError unless this is a URL with a host, or a path."""
	if not (urlparse(txt).netloc or txt.startswith("/")):
		frappe.throw(f"'{frappe.bold(txt)}' is not a valid URL")


def get_url(uri: str | None = None) -> str:
	"""The site's address (host_name, else this request's host, else the site's name) and a path on it."""
	conf = frappe.local.conf
	if uri and uri.startswith(("http://", "https://")):
		return uri
	host = conf.host_name or conf.hostname or request_host() or frappe.local.site
	if not host.startswith(("http://", "https://")):
		host = f"http://{host}"
	port = conf.http_port or conf.webserver_port
	if port and host.count(":") == 1:
		host = f"{host}:{port}"
	return urljoin(host, uri) if uri else host


def request_host() -> str | None:
	request = getattr(frappe.local, "request", None)
	if not request or not request.host:
		return None
	scheme = "https" if frappe.get_request_header("X-Forwarded-Proto", "") == "https" else "http"
	return f"{scheme}://{request.host}"

"""Text: HTML, lists in sentences, addresses, e-mail."""

import re
import string
from secrets import choice
from urllib.parse import quote, urljoin, urlparse

import bleach
import frappe
from bs4 import BeautifulSoup
from frappe._api.values import as_unicode

HTML_TAG = re.compile(r"<[^>]+>")
EMAIL = re.compile(
	r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]", re.IGNORECASE
)
SAFE_TAGS = frozenset(
	[
		"a",
		"abbr",
		"b",
		"big",
		"blockquote",
		"br",
		"caption",
		"center",
		"cite",
		"code",
		"col",
		"colgroup",
		"dd",
		"del",
		"div",
		"dl",
		"dt",
		"em",
		"figcaption",
		"figure",
		"font",
		"h1",
		"h2",
		"h3",
		"h4",
		"h5",
		"h6",
		"hr",
		"i",
		"img",
		"ins",
		"kbd",
		"li",
		"mark",
		"ol",
		"p",
		"pre",
		"q",
		"s",
		"samp",
		"section",
		"small",
		"span",
		"strike",
		"strong",
		"sub",
		"sup",
		"table",
		"tbody",
		"td",
		"tfoot",
		"th",
		"thead",
		"tr",
		"tt",
		"u",
		"ul",
		"var",
	]
)
SAFE_ATTRIBUTES = [
	*("alt", "class", "colspan", "height", "href", "id", "rowspan", "src", "target", "title", "width"),
]
HTML_ESCAPES = {"&": "&amp;", '"': "&quot;", "'": "&apos;", ">": "&gt;", "<": "&lt;"}


def cstr(s, encoding="utf-8") -> str:
	return as_unicode(s, encoding)


def is_html(text) -> bool:
	return isinstance(text, str) and bool(HTML_TAG.search(text))


def strip_html(text: str) -> str:
	return HTML_TAG.sub("", text)


def strip_html_tags(text: str) -> str:
	return HTML_TAG.sub("", cstr(text))


def escape_html(text):
	"""The five special characters as entities; what is no text comes back as it was."""
	if not isinstance(text, str):
		return text
	return "".join(HTML_ESCAPES.get(character, character) for character in text)


def sanitize_html(html, linkify=False, always_sanitize=False):
	"""HTML with only formatting tags and attributes left; everything else in it is escaped."""
	if not isinstance(html, str) or (not always_sanitize and not BeautifulSoup(html, "html.parser").find()):
		return html
	return bleach.clean(html, tags=SAFE_TAGS, attributes=SAFE_ATTRIBUTES, strip_comments=False)


def strip(val: str, chars: str | None = None) -> str:
	"""Strip, and drop invisible marks that editors leave."""
	return (val or "").replace("\ufeff", "").replace("\u200b", "").strip(chars)


def comma_sep(some_list, pattern, add_quotes=True):
	if not isinstance(some_list, list | tuple):
		return some_list
	words = [str(word) for word in some_list]
	if len(words) < 2:
		return "".join(words)
	if add_quotes:
		words = [f"'{word}'" for word in words]
	return pattern.format(", ".join(words[:-1]), words[-1])


def comma_and(some_list, add_quotes=True):
	return comma_sep(some_list, "{0} and {1}", add_quotes)


def comma_or(some_list, add_quotes=True):
	return comma_sep(some_list, "{0} or {1}", add_quotes)


def unique(seq) -> list:
	"""Without repetitions, in the first order."""
	return list(dict.fromkeys(seq))


def random_string(length: int) -> str:
	return "".join(choice(string.ascii_letters + string.digits) for _ in range(length))


def validate_email_address(email_str, throw=False) -> str:
	"""The valid addresses of a comma-separated list, or InvalidEmailAddressError with `throw`."""
	valid = []
	for part in (email_str or "").strip().split(","):
		address = bare_address(part.strip())
		if address:
			valid.append(address)
		elif throw and "undisclosed-recipient" not in part:
			message = f"{escape_html(part.strip())} is not a valid Email Address"
			frappe.throw(message, frappe.InvalidEmailAddressError)
	return ", ".join(valid)


def bare_address(text: str) -> str | None:
	in_brackets = re.search(r"<([^>]*)>", text)
	address = in_brackets[1] if in_brackets else text
	return address if EMAIL.fullmatch(address) else None


def split_emails(txt) -> list[str]:
	"""The parts between commas; line breaks count as blanks."""
	return [part.strip() for part in re.sub(r"\s+", " ", cstr(txt)).split(",") if part.strip()]


def validate_url(txt: str, throw: bool = False, valid_schemes=None) -> bool:
	"""Whether this is a URL with a host, or a path; ValidationError with `throw`."""
	url = urlparse(txt)
	is_valid = bool(url.netloc) or bool(txt and txt.startswith("/"))
	if valid_schemes:
		schemes = [valid_schemes] if isinstance(valid_schemes, str) else valid_schemes
		is_valid = is_valid and url.scheme in schemes
	if throw and not is_valid:
		frappe.throw(f"'{frappe.bold(txt)}' is not a valid URL")
	return is_valid


def get_url(uri: str | None = None, full_address: bool = False) -> str:
	"""The site's address (host_name, else this request's host, else the site's name) and a path on it."""
	if uri and uri.startswith(("http://", "https://")):
		return uri
	host = frappe.local.conf.host_name or frappe.local.conf.hostname or request_host()
	host = host or frappe.local.site
	if not host.startswith(("http://", "https://")):
		host = f"http://{host}"
	if not uri and full_address:
		uri = frappe.get_request_header("REQUEST_URI", "")
	port = frappe.conf.http_port or frappe.conf.webserver_port
	is_behind_proxy = frappe.conf.restart_supervisor_on_update or frappe.conf.restart_systemd_on_update
	if port and not is_behind_proxy and host.count(":") == 1:
		host = f"{host}:{port}"
	return urljoin(host, uri) if uri else host


def request_host() -> str | None:
	request = getattr(frappe.local, "request", None)
	if not request or not request.host:
		return None
	scheme = "https" if frappe.get_request_header("X-Forwarded-Proto", "") == "https" else "http"
	return f"{scheme}://{request.host}"


def get_host_name() -> str:
	return get_url().rsplit("//", 1)[-1]


def quoted(url: str) -> str:
	return quote(cstr(url), safe="~@#$&()*!+=:;,.?/'")


def slug(name: str) -> str:
	return name.lower().replace(" ", "-")


def get_absolute_url(doctype: str, name: str) -> str:
	return f"/app/{quoted(slug(doctype))}/{quoted(name)}"


def get_url_to_form(doctype: str, name: str) -> str:
	return get_url(get_absolute_url(doctype, name))


def get_url_to_list(doctype: str) -> str:
	return get_url(f"/app/{quoted(slug(doctype))}")


def get_link_to_form(doctype: str, name: str, label: str | None = None) -> str:
	return f'<a href="{get_url_to_form(doctype, name)}">{label or name}</a>'


def encode(obj, encoding="utf-8"):
	if isinstance(obj, list):
		return [encode(item, encoding) if isinstance(item, str) else item for item in obj]
	return obj.encode(encoding) if isinstance(obj, str) else obj

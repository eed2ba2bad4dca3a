"""Who is asking: login with password, session cookies, API keys and the CSRF token."""

import base64
import binascii
from datetime import datetime, timedelta
from urllib.parse import quote

import frappe
from frappe import _
from frappe._api.unsupported import refuse
from frappe.core.doctype.activity_log.activity_log import add_authentication_log, login_feed
from frappe.sessions import Session, clear_cookies, clear_sessions, delete_session, get_expiry_in_seconds
from frappe.utils import cint, get_datetime
from frappe.utils.password import check_password, get_decrypted_password
from werkzeug.wrappers import Response

UNSAFE_HTTP_METHODS = frozenset(("POST", "PUT", "DELETE", "PATCH"))
MAX_PASSWORD_SIZE = 512
LOGIN_PATH = "/api/method/login"
REFUSED_LOGIN_SETTINGS = (
	*("enable_two_factor_auth", "force_user_to_reset_password"),
	*("disable_user_pass_login", "deny_multiple_sessions"),
)


class HTTPRequest:
	"""Sets up the request's address, cookies, session and language, and checks its CSRF token."""

	def __init__(self):
		forwarded = frappe.get_request_header("X-Forwarded-For")
		remote = frappe.get_request_header("REMOTE_ADDR")
		frappe.local.request_ip = forwarded.split(",")[0].strip() if forwarded else remote or "127.0.0.1"
		frappe.local.cookie_manager = CookieManager()
		frappe.local.login_manager = LoginManager()
		self.validate_csrf_token()
		frappe.local.cookie_manager.init_cookies()

	def validate_csrf_token(self):
		"""Only a session that was ever given a token is asked for it."""
		if frappe.request.method not in UNSAFE_HTTP_METHODS or frappe.conf.ignore_csrf:
			return
		expected = frappe.session.data.csrf_token if frappe.session else None
		if not expected:
			return
		given = frappe.get_request_header("X-Frappe-CSRF-Token") or frappe.form_dict.pop("csrf_token", None)
		if given != expected:
			frappe.flags.disable_traceback = True
			frappe.throw(_("Invalid Request"), frappe.CSRFTokenError)


class LoginManager:
	"""Starts a session on a login request, else resumes that of the cookie."""

	def __init__(self):
		self.user = None
		self.info = None
		self.full_name = None
		self.user_type = None
		self.resume = not is_login_request()
		if self.resume:
			self.make_session(resume=True)
			self.get_user_info()
			self.set_user_info(resume=True)
		else:
			self.login()
			self.run_trigger("on_session_creation")
			login_feed(self)

	def login(self):
		settings = frappe.get_system_settings
		for name in REFUSED_LOGIN_SETTINGS:
			if cint(settings(name)):
				raise refuse(f"{name} of System Settings")
		frappe.clear_cache(user=frappe.form_dict.get("usr"))
		self.authenticate()
		frappe.form_dict.pop("pwd", None)
		self.post_login()

	def post_login(self):
		self.run_trigger("on_login")
		self.get_user_info()
		self.make_session()
		self.set_user_info()

	def authenticate(self, user: str | None = None, pwd: str | None = None):
		"""Set `self.user`, or raise AuthenticationError; too many failures lock the user and the address."""
		if not (user and pwd):
			user, pwd = frappe.form_dict.get("usr"), frappe.form_dict.get("pwd")
		if not (user and pwd):
			self.fail(_("Incomplete login details"), user=user)
		if len(pwd) > MAX_PASSWORD_SIZE:
			self.fail(_("Password size exceeded the maximum allowed size"), user=user)

		trackers = [get_login_attempt_tracker(frappe.local.request_ip)]
		found = frappe.db.get_value("User", user, ["name", "enabled"], as_dict=True)
		if not found:
			self.refuse_login("Invalid login credentials", user, trackers)
		trackers.append(get_login_attempt_tracker(found.name))
		if not is_password_right(found.name, pwd):
			self.refuse_login("Invalid login credentials", found.name, trackers)
		if not found.enabled and found.name != "Administrator":
			self.refuse_login("User disabled or missing", found.name, trackers)
		for tracker in trackers:
			tracker.add_success_attempt()
		self.user = found.name

	def refuse_login(self, message, user, trackers):
		for tracker in trackers:
			tracker.add_failure_attempt()
		self.fail(message, user=user)

	def fail(self, message, user=None):
		"""Answer with `message` and keep a record of the attempt. Commits."""
		frappe.local.response["message"] = message
		add_authentication_log(message, user or _("Unknown User"), status="Failed")
		frappe.db.commit()
		raise frappe.AuthenticationError

	def get_user_info(self):
		fields = ["user_type", "first_name", "last_name", "user_image"]
		self.info = frappe.get_cached_value("User", self.user, fields, as_dict=True)
		self.user_type = self.info.user_type

	def set_user_info(self, resume=False):
		cookies = frappe.local.cookie_manager
		cookies.init_cookies()
		self.full_name = " ".join(filter(None, [self.info.first_name, self.info.last_name]))
		is_desk_user = self.info.user_type != "Website User"
		cookies.set_cookie("system_user", "yes" if is_desk_user else "no")
		if not resume:
			frappe.local.response.update(
				message="Logged In" if is_desk_user else "No App",
				home_page="/app" if is_desk_user else website_home(self.user),
				full_name=self.full_name,
			)
		cookies.set_cookie("full_name", self.full_name)
		cookies.set_cookie("user_id", self.user)
		cookies.set_cookie("user_image", self.info.user_image or "")

	def make_session(self, resume=False):
		frappe.local.session_obj = Session(
			user=self.user, resume=resume, full_name=self.full_name, user_type=self.user_type
		)
		self.user = frappe.local.session_obj.user
		frappe.local.session = frappe.local.session_obj.data

	def run_trigger(self, event="on_login"):
		for method in frappe.get_hooks(event):
			frappe.call(method, login_manager=self)

	def logout(self, arg="", user=None):
		"""End the current session, or every session of another user."""
		user = user or frappe.session.user
		self.run_trigger("on_logout")
		if user != frappe.session.user:
			clear_sessions(user)
			return
		delete_session(frappe.session.sid, user=user, reason="User Manually Logged Out")
		clear_cookies()
		if frappe.request:
			self.user = "Guest"
			self.post_login()


def website_home(user: str) -> str:
	return "/login" if user == "Guest" else "/me"


def is_login_request() -> bool:
	return frappe.form_dict.get("cmd") == "login" or frappe.request.path == LOGIN_PATH


def is_password_right(user: str, password: str) -> bool:
	try:
		check_password(user, password)
	except frappe.AuthenticationError:
		return False
	return True


class CookieManager:
	"""Collects the response's cookies."""

	def __init__(self):
		self.cookies = {}
		self.to_delete = []

	def init_cookies(self):
		sid = frappe.local.session.get("sid")
		if sid:
			self.set_cookie("sid", sid, max_age=get_expiry_in_seconds(), httponly=True)

	def set_cookie(
		self, key, value, expires=None, secure=False, httponly=False, samesite="Lax", max_age=None
	):
		self.cookies[key] = {
			"value": quote((value or "").encode()),
			"expires": expires,
			"secure": secure or frappe.request.scheme == "https",
			"httponly": httponly,
			"samesite": samesite,
			"max_age": max_age,
		}

	def delete_cookie(self, to_delete):
		self.to_delete.extend([to_delete] if isinstance(to_delete, str) else to_delete)

	def flush_cookies(self, response: Response):
		for key, options in self.cookies.items():
			response.set_cookie(key, **options)
		for key in set(self.to_delete):
			response.set_cookie(key, "", expires=datetime.now() - timedelta(days=1))


class LoginAttemptTracker:
	"""Counts failed logins of a user or an address within one lock interval, in the cache."""

	def __init__(self, key: str, max_consecutive_login_attempts: int = 3, lock_interval: int = 300):
		self.key = key
		self.max_failures = max_consecutive_login_attempts
		self.lock_interval = timedelta(seconds=lock_interval)

	def stored(self) -> tuple[datetime | None, int]:
		first = frappe.cache.hget("login_failed_time", self.key)
		return first, frappe.cache.hget("login_failed_count", self.key) or 0

	def add_failure_attempt(self):
		first, count = self.stored()
		now = get_datetime()
		if not (first and count and first + self.lock_interval > now):
			first, count = now, 0
		frappe.cache.hset("login_failed_time", self.key, first)
		frappe.cache.hset("login_failed_count", self.key, count + 1)

	def add_success_attempt(self):
		frappe.cache.hdel("login_failed_time", self.key)
		frappe.cache.hdel("login_failed_count", self.key)

	def is_user_allowed(self) -> bool:
		first, count = self.stored()
		return not (first and first + self.lock_interval > get_datetime() and count > self.max_failures)


def get_login_attempt_tracker(key: str, raise_locked_exception: bool = True) -> LoginAttemptTracker:
	attempts = cint(frappe.get_system_settings("allow_consecutive_login_attempts"))
	seconds = cint(frappe.get_system_settings("allow_login_after_fail"))
	if attempts <= 0:
		return LoginAttemptTracker(key)
	tracker = LoginAttemptTracker(key, attempts, seconds)
	if raise_locked_exception and not tracker.is_user_allowed():
		frappe.throw(
			_("Your account has been locked and will resume after {0} seconds").format(seconds),
			frappe.SecurityException,
		)
	return tracker


def validate_auth():
	"""Act as the owner of the Authorization header's key; one that convinces nobody is refused."""
	parts = frappe.get_request_header("Authorization", "").split(" ")
	if len(parts) == 2:
		validate_auth_via_api_keys(parts)
	for hook in frappe.get_hooks("auth_hooks"):
		frappe.get_attr(hook)()
	if len(parts) == 2 and frappe.session.user in ("", "Guest"):
		raise frappe.AuthenticationError


def validate_auth_via_api_keys(authorization_header):
	kind, token = authorization_header
	try:
		if kind.lower() == "basic":
			api_key, api_secret = base64.b64decode(token).decode().split(":")
		elif kind.lower() == "token":
			api_key, api_secret = token.split(":")
		else:
			return
	except binascii.Error:
		frappe.throw(
			_("Failed to decode token, please provide a valid base64-encoded token."),
			frappe.InvalidAuthorizationToken,
		)
	except ValueError:
		# not "key:secret": the request goes on without it and is refused as a guest's
		return
	validate_api_key_secret(api_key, api_secret, frappe.get_request_header("Frappe-Authorization-Source"))


def validate_api_key_secret(api_key, api_secret, frappe_authorization_source=None):
	if frappe_authorization_source:
		raise refuse("the header Frappe-Authorization-Source")
	user = frappe.db.get_value("User", {"api_key": api_key}, "name")
	if not user or api_secret != get_decrypted_password("User", user, fieldname="api_secret"):
		raise frappe.AuthenticationError
	form_dict = frappe.local.form_dict
	if frappe.local.login_manager.user in ("", "Guest"):
		frappe.set_user(user)
	frappe.local.form_dict = form_dict


@frappe.whitelist()
def get_logged_user():
	return frappe.session.user

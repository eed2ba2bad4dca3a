"""Sessions: a row in tabSessions, copied into the cache, found by the `sid` cookie."""

import json
from urllib.parse import unquote

import frappe
from frappe import _
from frappe.core.doctype.activity_log.activity_log import logout_feed
from frappe.utils import add_to_date, cint, cstr, now, time_diff_in_seconds

DEFAULT_EXPIRY = "240:00:00"
DATABASE_UPDATE_INTERVAL = 600  # seconds
SESSION_COOKIES = ("full_name", "user_id", "sid", "user_image", "system_user")


class Session:
	"""The session of one request. `resume` loads it by its sid; otherwise a new one is started."""

	def __init__(self, user, resume=False, full_name=None, user_type=None):
		self.sid = cstr(frappe.form_dict.get("sid") or unquote(frappe.request.cookies.get("sid", "Guest")))
		self.user = user
		self.full_name = full_name
		self.user_type = user_type
		self.data = frappe._dict(data=frappe._dict())
		frappe.local.session = self.data
		if resume:
			self.resume()
		elif user:
			self.validate_user()
			self.start()

	def validate_user(self):
		if not frappe.get_cached_value("User", self.user, "enabled"):
			frappe.throw(
				_("User {0} is disabled. Please contact your System Manager.").format(self.user),
				frappe.ValidationError,
			)

	def start(self):
		"""Give the user a new sid. All guests share one session that is stored nowhere."""
		self.sid = "Guest" if self.user == "Guest" else frappe.generate_hash()
		self.data.update(user=self.user, sid=self.sid)
		self.data.data.update(user=self.user, session_ip=frappe.local.request_ip)
		if self.user == "Guest":
			return
		self.data.data.update(
			last_updated=now(),
			session_expiry=get_expiry_period(),
			full_name=self.full_name,
			user_type=self.user_type,
		)
		self.insert_session_record()
		login = {"last_login": now(), "last_ip": frappe.local.request_ip, "last_active": now()}
		frappe.db.set_value("User", self.user, login, update_modified=False)
		frappe.db.commit()

	def insert_session_record(self):
		frappe.db.sql(
			"""insert into tabSessions (sessiondata, user, lastupdate, sid, status)
			values (%s, %s, %s, %s, 'Active')""",
			(json.dumps(self.data.data), self.user, now(), self.sid),
		)
		frappe.cache.hset("session", self.sid, self.data)

	def resume(self):
		record = self.get_session_record()
		if record.user == "Guest":
			self.user = "Guest"
			self.start()
			return
		self.data.update(data=record, user=record.user, sid=self.sid)
		self.user = record.user
		self.validate_user()

	def get_session_record(self) -> frappe._dict:
		"""What is stored for the sid; Guest's if it is unknown or expired."""
		if self.sid == "Guest":
			return frappe._dict(user="Guest")
		record = self.from_cache() or self.from_database()
		if record:
			return record
		delete_session(self.sid, reason="Session Expired")
		frappe.response["session_expired"] = 1
		clear_cookies()
		self.sid = "Guest"
		return frappe._dict(user="Guest")

	def from_cache(self) -> frappe._dict | None:
		cached = frappe.cache.hget("session", self.sid)
		if not cached:
			return None
		stored = frappe._dict(cached["data"])
		age = time_diff_in_seconds(now(), stored.last_updated)
		return stored if age <= get_expiry_in_seconds(stored.session_expiry) else None

	def from_database(self) -> frappe._dict | None:
		rows = frappe.db.sql(
			"select user, sessiondata from tabSessions where sid = %s and lastupdate > %s",
			(self.sid, get_expired_threshold()),
		)
		return frappe._dict(json.loads(rows[0][1]), user=rows[0][0]) if rows else None

	def update(self, force=False) -> bool:
		"""Put off the expiry, at most every ten minutes unless forced. Commits; returns whether it did."""
		if frappe.session.user == "Guest":
			return False
		last = frappe.cache.hget("last_db_session_update", self.sid)
		is_recent = last and time_diff_in_seconds(now(), last) <= DATABASE_UPDATE_INTERVAL
		if is_recent and not force:
			return False
		self.data.data.update(last_updated=now(), lang=str(frappe.lang))
		frappe.db.sql(
			"update tabSessions set sessiondata = %s, lastupdate = %s where sid = %s",
			(json.dumps(self.data.data), now(), self.data.sid),
		)
		frappe.db.set_value("User", frappe.session.user, "last_active", now(), update_modified=False)
		frappe.db.commit()
		frappe.cache.hset("last_db_session_update", self.sid, now())
		frappe.cache.hset("session", self.sid, self.data)
		return True


def clear_cookies():
	frappe.session.sid = ""
	frappe.local.cookie_manager.delete_cookie(SESSION_COOKIES)


def delete_session(sid=None, user=None, reason="Session Expired"):
	"""End a session and note who was logged out why. Commits."""
	if sid and not user:
		rows = frappe.db.sql("select user from tabSessions where sid = %s", sid)
		user = rows[0][0] if rows else None
	logout_feed(user, reason)
	frappe.db.delete("Sessions", {"sid": sid})
	frappe.db.commit()
	frappe.cache.hdel("session", sid)
	frappe.cache.hdel("last_db_session_update", sid)


def clear_sessions(user: str) -> None:
	"""End all sessions of a user."""
	for sid in frappe.db.sql("select sid from tabSessions where user = %s", user, pluck=True):
		delete_session(sid, reason="Logged In From Another Session")


def get_csrf_token() -> str:
	"""The token that this session's unsafe requests must carry from now on."""
	if not frappe.local.session.data.csrf_token:
		generate_csrf_token()
	return frappe.local.session.data.csrf_token


def generate_csrf_token():
	frappe.local.session.data.csrf_token = frappe.generate_hash()
	if not frappe.flags.in_test:
		frappe.local.session_obj.update(force=True)


def get_expiry_period() -> str:
	"""Session life as hours:minutes:seconds."""
	period = frappe.get_system_settings("session_expiry") or DEFAULT_EXPIRY
	return f"{period}:00" if period.count(":") == 1 else period


def get_expiry_in_seconds(expiry=None) -> int:
	hours, minutes, seconds = (expiry or get_expiry_period()).split(":")[:3]
	return cint(hours) * 3600 + cint(minutes) * 60 + cint(seconds)


def get_expired_threshold() -> str:
	"""Sessions last used before this moment are over."""
	return add_to_date(now(), seconds=-get_expiry_in_seconds(), as_string=True)

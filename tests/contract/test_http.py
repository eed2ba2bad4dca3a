"""Whitelisted methods, errors and logins over real HTTP."""

import json

import frappe
import pytest
from contract_doctypes import titles
from factories import World
from framework import since
from http_client import PASSWORD

M = "dartwing.tests.contract_methods"
SITE_PREFIX = "/api/method/"


def messages(answer) -> list[dict]:
	return [json.loads(message) for message in json.loads(answer.json()["_server_messages"])]


# whitelisting


def test_ping_answers_anyone(guest):
	assert guest.ask("ping").json() == {"message": "pong"}


def test_a_method_that_is_not_whitelisted_is_refused(alice, guest):
	for client in (alice, guest):
		answer = client.call(f"{M}.not_whitelisted")
		assert answer.status_code == 403
		assert answer.json()["exc_type"] == "PermissionError"
		assert "reached" not in answer.text


def test_a_whitelisted_method_is_not_for_guests_unless_it_says_so(guest):
	assert guest.call(f"{M}.echo", value=1).status_code == 403
	assert guest.call(f"{M}.for_guests").json() == {"message": "Guest"}


def test_a_method_runs_as_who_logged_in(alice, manager):
	assert alice.call(f"{M}.for_guests").json()["message"] == World.alice
	assert manager.ask("frappe.auth.get_logged_user").json()["message"] == World.manager


@pytest.mark.parametrize(
	("path", "code"),
	[
		("dartwing.tests.contract_methods.none", 417),
		("dartwing.no_such_module.none", 417),
		("no_such_app.none", 417),
		("none", 417),
	],
)
def test_a_method_that_is_not_there_is_a_client_error(alice, path, code):
	answer = alice.call(path)
	assert answer.status_code == code
	assert "Failed to get method" in answer.text


def test_a_path_that_is_no_api_is_not_found(alice):
	assert alice.get("/api/nothing").status_code == 404


def test_methods_say_which_http_methods_they_take(alice):
	assert alice.post(f"{SITE_PREFIX}{M}.only_post").json() == {"message": "POST"}
	assert alice.get(f"{SITE_PREFIX}{M}.only_get").json() == {"message": "GET"}
	for refused in (alice.get(f"{SITE_PREFIX}{M}.only_post"), alice.post(f"{SITE_PREFIX}{M}.only_get")):
		assert refused.status_code == 403
		assert refused.json()["exc_type"] == "PermissionError"


# transactions


def test_a_post_is_committed(alice):
	assert alice.call(f"{M}.write", title="By POST").status_code == 200
	frappe.db.rollback()
	assert titles() == ["By POST"]


def test_a_get_is_rolled_back(alice):
	assert alice.ask(f"{M}.write", title="By GET").status_code == 200
	frappe.db.rollback()
	assert titles() == []


def test_an_error_rolls_back(alice):
	answer = alice.call(f"{M}.write_and_raise", title="Undone")
	assert answer.status_code == 500
	frappe.db.rollback()
	assert titles() == []


# arguments


@pytest.mark.parametrize("value", [1, "text", [1, 2], {"a": 1}, None, True, 1.5])
def test_json_arguments_arrive_as_they_were_sent(alice, value):
	assert alice.call(f"{M}.echo", value=value).json() == ({"message": value} if value is not None else {})


def test_form_arguments_arrive_as_texts(alice):
	assert alice.post(f"{SITE_PREFIX}{M}.echo", data={"value": "1"}).json() == {"message": "1"}
	assert alice.ask(f"{M}.echo", value=1).json() == {"message": "1"}


def test_typed_arguments_are_made_of_texts(alice):
	answer = alice.ask(f"{M}.typed", number="3", flag="1")
	assert answer.json() == {"message": ["int", "str", "int", "NoneType", "NoneType"]}


def test_typed_arguments_take_what_fits(alice):
	answer = alice.call(f"{M}.typed", number=3, text="a", flag=True, mapping={"a": 1}, items=[1])
	assert answer.json() == {"message": ["int", "str", "bool", "dict", "list"]}


@pytest.mark.parametrize(
	"arguments",
	[{"number": "three"}, {"text": {"a": 1}}, {"mapping": [1]}, {"items": {"a": 1}}, {"flag": "perhaps"}],
)
def test_a_wrongly_typed_argument_is_refused_with_its_name(alice, arguments):
	answer = alice.call(f"{M}.typed", **arguments)
	assert answer.status_code == 417
	assert answer.json()["exc_type"] == "FrappeTypeError"
	assert next(iter(arguments)) in answer.text


def test_arguments_that_a_method_does_not_have_are_dropped(alice):
	assert alice.call(f"{M}.echo", value=1, other=2).json() == {"message": 1}


def test_a_method_with_keywords_gets_all_arguments(alice):
	assert alice.call(f"{M}.extra", a=1, b=2).json()["message"].items() >= {"a": 1, "b": 2}.items()


def test_a_missing_argument_is_a_server_error(alice):
	answer = alice.call(f"{M}.required")
	assert answer.status_code == 500
	assert answer.json()["exc_type"] == "TypeError"


def test_a_body_that_is_no_json_is_an_error(alice):
	"""The server's on v15, the client's on v16."""
	answer = alice.post(
		f"{SITE_PREFIX}{M}.echo", data="{no json", headers={"Content-Type": "application/json"}
	)
	assert answer.status_code == (417 if since(16) else 500)


# answers


def test_values_are_written_as_as_json_writes_them(alice):
	assert alice.call(f"{M}.values").json()["message"] == {
		"datetime": "2026-11-22 10:00:00.000005",
		"date": "2026-11-22",
		"decimal": 1.5,
		"timedelta": "1:02:00",
		"none": None,
		"dict": {"a": 1},
	}


def test_an_empty_answer_has_no_message(alice):
	assert alice.call(f"{M}.echo").json() == {}


@pytest.mark.parametrize("code", [201, 400, 409])
def test_a_method_can_choose_the_status(alice, code):
	answer = alice.call(f"{M}.choose_status", code=code)
	assert (answer.status_code, answer.json()) == (code, {"message": "body"})


def test_a_method_can_shape_the_body(alice):
	answer = alice.call(f"{M}.shape_response")
	assert (answer.status_code, answer.json()) == (409, {"error": "shaped"})


def test_messages_come_beside_the_answer(alice):
	assert [message["message"] for message in messages(alice.call(f"{M}.tell"))] == ["Something to know"]


def test_a_download_has_its_name_and_contents(alice):
	answer = alice.ask(f"{M}.download")
	assert answer.content == b"contents"
	assert "contract.txt" in answer.headers["Content-Disposition"]


# errors


@pytest.mark.parametrize(
	("error", "code"),
	[
		("ValidationError", 417),
		("MandatoryError", 417),
		("LinkValidationError", 417),
		("PermissionError", 403),
		("DoesNotExistError", 404),
		("DuplicateEntryError", 409),
		("AuthenticationError", 401),
		("TooManyRequestsError", 429),
		("RateLimitExceededError", 429),
	],
)
def test_a_thrown_error_gives_its_code_its_class_and_its_message(alice, error, code):
	answer = alice.call(f"{M}.fail", error=error)
	assert answer.status_code == code
	assert answer.json()["exc_type"] == error
	assert messages(answer)[0]["message"] == "It <b>failed</b>"
	assert messages(answer)[0]["title"] == "A title"


def test_an_error_class_of_an_app_has_its_own_code(alice):
	answer = alice.call(f"{M}.fail", error="teapot")
	assert (answer.status_code, answer.json()["exc_type"]) == (418, "TeapotError")


def test_an_error_that_was_raised_has_its_text_in_exception(alice):
	answer = alice.call(f"{M}.fail_silently", error="ValidationError")
	assert answer.status_code == 417
	assert "raised, not thrown" in answer.json()["exception"]


def test_an_error_names_the_exception_and_has_a_traceback(alice):
	body = alice.call(f"{M}.fail", error="ValidationError").json()
	assert set(body) >= {"exception", "exc_type", "_server_messages"}
	assert body["exception"].startswith("frappe.exceptions.ValidationError")


def test_an_unexpected_error_is_a_server_error(alice):
	answer = alice.call(f"{M}.write_and_raise", title="x")
	assert answer.status_code == 500
	assert answer.json()["exc_type"] == "ZeroDivisionError"


def test_an_error_undoes_events_that_wait_for_the_commit(alice):
	assert alice.call(f"{M}.publish_and_raise", user=World.alice).status_code == 500


# logins


def test_a_wrong_password_is_refused(guest, doctypes):
	answer = guest.post("/api/method/login", data={"usr": doctypes.bob, "pwd": "wrong"})
	assert answer.status_code == 401
	assert answer.json()["message"] == "Invalid login credentials"


def test_an_unknown_user_is_refused_with_the_same_words(guest):
	answer = guest.post("/api/method/login", data={"usr": "unknown@example.com", "pwd": "wrong"})
	assert answer.status_code == 401
	assert answer.json()["message"] == "Invalid login credentials"


def test_a_login_gives_cookies(web, passing_user):
	client = web.login(passing_user.name)
	assert client.cookies["user_id"].replace("%40", "@") == passing_user.name
	assert client.cookies["sid"] != "Guest"


def test_after_logout_the_session_is_a_guests(web, passing_user):
	client = web.login(passing_user.name)
	sid = client.cookies["sid"]
	client.call("logout")
	again = web.guest()
	again.cookies.set("sid", sid)
	assert again.call(f"{M}.echo", value=1).status_code == 403


def test_a_user_who_is_disabled_in_desk_cannot_log_in_and_loses_the_session(web, manager, passing_user):
	client = web.login(passing_user.name)
	assert client.call(f"{M}.echo", value=1).status_code == 200
	disabled = manager.put(f"/api/resource/User/{passing_user.name}", json={"enabled": 0})
	assert disabled.status_code == 200, disabled.text
	assert client.call(f"{M}.echo", value=1).status_code in (401, 403)
	answer = web.guest().post("/api/method/login", data={"usr": passing_user.name, "pwd": PASSWORD})
	assert answer.status_code == 401


def test_a_user_who_is_disabled_outside_of_a_request_keeps_the_session_on_some_versions(web, passing_user):
	"""On v16, where an app that minds must ask for itself. On v15 each request looks at `enabled`."""
	client = web.login(passing_user.name)
	user = frappe.get_doc("User", passing_user.name)
	user.enabled = 0
	user.save()
	frappe.db.commit()
	assert client.call(f"{M}.echo", value=1).status_code == (200 if since(16) else 417)
	answer = web.guest().post("/api/method/login", data={"usr": passing_user.name, "pwd": PASSWORD})
	assert answer.status_code == 401


def test_an_api_key_logs_in_for_one_request(web, passing_user):
	client = web.with_key(passing_user.name)
	assert client.call(f"{M}.for_guests").json()["message"] == passing_user.name
	assert client.post(f"{SITE_PREFIX}{M}.write", json={"title": "By key"}).status_code == 200


@pytest.mark.parametrize(
	("token", "code"),
	[("token a:b", 401), ("token nothing", 401), ("Bearer nothing", 401), ("Basic nothing", 400)],
)
def test_a_wrong_api_key_is_refused(web, token, code):
	client = web.guest()
	client.headers["Authorization"] = token
	assert client.call(f"{M}.for_guests").status_code == code


def test_a_disabled_users_api_key_still_works_on_some_versions(web, passing_user):
	"""On v15.41; an app that minds must ask for itself. On v15.90 it is refused."""
	client = web.with_key(passing_user.name)
	user = frappe.get_doc("User", passing_user.name)
	user.enabled = 0
	user.save()
	frappe.db.commit()
	answer = client.call(f"{M}.for_guests")
	if since(15, 90):
		assert answer.status_code == 401
	else:
		assert answer.json() == {"message": passing_user.name}


def test_a_session_that_is_none_is_refused(web):
	client = web.guest()
	client.cookies.set("sid", "no-such-session")
	assert client.call(f"{M}.echo", value=1).status_code == 403


def test_a_host_that_is_no_site_is_not_found(web):
	client = web.guest()
	client.headers["Host"] = "elsewhere.localhost"
	assert client.ask("ping").status_code == 404


def test_the_site_can_be_named_by_a_header(web):
	client = web.guest()
	client.headers.update({"Host": "elsewhere.localhost", "X-Frappe-Site-Name": web.site})
	assert client.ask("ping").json() == {"message": "pong"}

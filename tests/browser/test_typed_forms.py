"""The form on /jobs that is drawn from the schema of a Job Type."""

import json
import re
from typing import Any

import frappe
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_client import PHONE, WIDE
from factories import World, changed, end, make_job_type, submit_as, wait_until
from playwright.sync_api import Locator, expect
from scheduled import make_schedule, row_of

OFFERED = "typed_obliging_job"
BIG = 9007199254740993
PERSON = {
	"type": "object",
	"title": "Visitor",
	"additionalProperties": False,
	"properties": {
		"name": {"type": "string", "title": "Name"},
		"e_mail": {"type": "string", "format": "email", "title": "E Mail", "pattern": "@"},
		"born": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
	},
	"required": ["name", "e_mail"],
}
CIRCLE = {
	"type": "object",
	"title": "Circle",
	"properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "title": "Radius"}},
	"required": ["kind", "radius"],
}
SQUARE = {
	"type": "object",
	"title": "Square",
	"properties": {"kind": {"const": "square"}, "side": {"type": "integer", "title": "Side"}},
	"required": ["kind", "side"],
}
DEFINITIONS = {"Visitor": PERSON, "Circle": CIRCLE, "Square": SQUARE}


@pytest.fixture
def visit(visit):
	"""As for all pages; the page's scripts must not fail."""
	pages = []

	def open_page(*arguments: Any, **options: Any):
		pages.append(visit(*arguments, **options))
		return pages[-1]

	yield open_page
	assert [error for page in pages for error in page.errors] == []


def offer(properties: dict[str, Any], required: list[str] | None = None, **values: Any) -> None:
	schema = {
		"type": "object",
		"additionalProperties": False,
		"properties": properties,
		"required": list(properties) if required is None else required,
		"$defs": DEFINITIONS,
	}
	make_job_type(
		OFFERED,
		display_name="Invite",
		allow_web_submission=1,
		parameters_schema=json.dumps(schema),
		**values,
	)
	frappe.db.commit()


def open_form(page) -> Locator:
	page.button("New job").first.click()
	return page.dialog


def offers(form: Locator) -> Locator:
	return form.get_by_role("listbox").get_by_role("option")


def press_submit(form: Locator) -> None:
	form.get_by_role("button", name="Submit", exact=True).click()


def submitted(job_type: str = OFFERED) -> Any:
	def found() -> str | None:
		frappe.db.rollback()
		return frappe.db.get_value("Background Job", {"job_type": job_type}, "input_parameters")

	return json.loads(wait_until(found, "the job"))


def type_into(field: Locator, keys: str) -> None:
	"""Key by key, as people do: `fill` takes no date that there is not."""
	field.focus()
	field.press_sequentially(keys)


def nothing_was_submitted() -> bool:
	frappe.db.rollback()
	return not frappe.db.exists("Background Job", {"job_type": OFFERED})


def test_every_kind_of_scalar_is_sent_as_its_own(visit, world):
	offer(
		{
			"title": {"type": "string", "title": "Title", "description": "What is on the door."},
			"text": {"type": "string", "maxLength": 500, "title": "Text"},
			"seats": {"type": "integer", "title": "Seats", "minimum": 1},
			"share": {"type": "number", "title": "Share"},
			"price": {"type": "string", "format": "decimal", "title": "Price"},
			"is_open": {"type": "boolean", "title": "Is Open"},
			"size": {"enum": ["small", "large"], "title": "Size"},
			"colour": {"enum": ["red", "green", "blue", "black"], "title": "Colour"},
			"level": {"enum": [1, 2, 3, 4], "title": "Level", "default": 2},
			"day": {"type": "string", "format": "date", "title": "Day"},
			"opens": {"type": "string", "format": "time", "title": "Opens"},
			"starts": {"type": "string", "format": "date-time", "title": "Starts"},
		},
	)
	page = visit(world.alice, timezone_id="Europe/Berlin")
	form = open_form(page)
	expect(form.get_by_label("Title", exact=True)).to_have_accessible_description("What is on the door.")
	form.get_by_label("Title", exact=True).fill("Room")
	assert form.get_by_label("Text").evaluate("field => field.tagName") == "TEXTAREA"
	form.get_by_label("Text").fill("two\nlines")
	form.get_by_label("Seats").fill(str(BIG))
	assert form.get_by_label("Seats").get_attribute("inputmode") == "numeric"
	form.get_by_label("Share").fill("-.5")
	form.get_by_label("Price").fill("0.10")
	form.get_by_label("Is Open").check()
	form.get_by_role("radio", name="large").check()
	form.get_by_label("Colour").select_option("blue")
	form.get_by_label("Day").fill("2026-12-24")
	form.get_by_label("Opens").fill("08:30:00")
	expect(form.get_by_label("Starts")).to_have_accessible_description("Time zone: Europe/Berlin.")
	form.get_by_label("Starts").fill("2026-12-24T18:00:00")
	press_submit(form)
	assert submitted() == {
		"title": "Room",
		"text": "two\nlines",
		"seats": BIG,
		"share": -0.5,
		"price": "0.10",
		"is_open": True,
		"size": "large",
		"colour": "blue",
		"level": 2,
		"day": "2026-12-24",
		"opens": "08:30:00",
		"starts": "2026-12-24T18:00:00+01:00",
	}


MOMENT = {"type": "string", "format": "date-time", "title": "Starts"}


@pytest.mark.parametrize(
	("zone", "typed", "expected"),
	[
		("Asia/Kathmandu", "2026-06-01T00:00:00", "2026-06-01T00:00:00+05:45"),
		("America/New_York", "2026-01-31T23:59:59", "2026-01-31T23:59:59-05:00"),
		# shown twice that night: the first time
		("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"),
	],
)
def test_a_time_is_the_instant_on_the_clocks_of_its_reader(visit, world, zone, typed, expected):
	offer({"starts": MOMENT})
	page = visit(world.alice, timezone_id=zone)
	form = open_form(page)
	form.get_by_label("Starts").fill(typed)
	press_submit(form)
	assert submitted() == {"starts": expected}


def test_a_time_that_the_clocks_leave_out_is_refused(visit, world):
	offer({"starts": MOMENT})
	page = visit(world.alice, timezone_id="Europe/Berlin")
	form = open_form(page)
	form.get_by_label("Starts").fill("2026-03-29T02:30:00")
	press_submit(form)
	expect(form.get_by_text("The clocks of Europe/Berlin never show this time.")).to_be_visible()
	assert nothing_was_submitted()


def test_a_time_that_nobody_changes_stays_to_the_last_digit(visit, world):
	instant = "2026-12-24T17:00:00.123456Z"
	offer({"starts": {**MOMENT, "default": instant}})
	page = visit(world.alice, timezone_id="Europe/Berlin")
	form = open_form(page)
	expect(form.get_by_label("Starts")).to_have_value("2026-12-24T18:00")
	press_submit(form)
	assert submitted() == {"starts": instant}


def test_what_is_optional_and_left_empty_is_left_out(visit, world):
	optional = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "Most"}
	offer(
		{
			"note": {"type": "string", "title": "Note"},
			"most": optional,
			"limit": {"type": "integer", "default": 7, "title": "Limit"},
			"sure": {"type": "boolean", "title": "Sure"},
			"visitor": {"anyOf": [{"$ref": "#/$defs/Visitor"}, {"type": "null"}], "default": None},
		},
		required=[],
	)
	page = visit(world.alice)
	form = open_form(page)
	expect(form.get_by_label("Limit")).to_have_value("7")
	expect(form.get_by_label("Name")).to_have_count(0)
	press_submit(form)
	assert submitted() == {"limit": 7}


def test_a_number_that_is_none_is_told_in_its_place(visit, world):
	offer({"seats": {"type": "integer", "title": "Seats"}, "day": {"type": "string", "format": "date"}})
	page = visit(world.alice)
	form = open_form(page)
	form.get_by_label("Seats").fill("1.5")
	press_submit(form)
	seats = form.get_by_label("Seats")
	expect(seats).to_be_focused()
	expect(seats).to_have_attribute("aria-invalid", "true")
	expect(seats).to_have_accessible_description("Enter a whole number.")
	expect(form.get_by_label("Day")).to_have_attribute("aria-invalid", "true")
	assert nothing_was_submitted()


# what a schema says of a value, what is typed, and what the form says to it
BOUNDS = {
	"least": ({"type": "integer", "minimum": BIG}, str(BIG - 1), f"At least {BIG}."),
	"most": ({"type": "number", "maximum": 0.3}, "0.30000000000000001", "At most 0.3."),
	"above": ({"type": "string", "format": "decimal", "exclusiveMinimum": 1}, "1.00", "More than 1."),
	"below": ({"type": "integer", "exclusiveMaximum": 10}, "1e1", None),
	"under": ({"type": "integer", "exclusiveMaximum": 10}, "10", "Less than 10."),
	"unit": ({"type": "number", "multipleOf": 0.1}, "0.25", "A multiple of 0.1."),
	"short": ({"type": "string", "minLength": 3}, "é😀", "At least 3 characters."),
	"long": ({"type": "string", "maxLength": 1}, "ab", "At most 1 character."),
}


def test_all_bounds_are_told_at_once(visit, world):
	lists = {"type": "array", "items": {"type": "string"}, "title": "names", "minItems": 1}
	offer({"names": lists, **{name: {**schema, "title": name} for name, (schema, *_) in BOUNDS.items()}})
	page = visit(world.alice)
	form = open_form(page)
	form.get_by_role("button", name="Remove names 1").click()
	for name, (_schema, typed, _said) in BOUNDS.items():
		form.get_by_label(name, exact=True).fill(typed)
	press_submit(form)
	said = [said or "Enter a whole number." for _schema, _typed, said in BOUNDS.values()]
	expect(form.locator(".field > .error:not(:empty)")).to_have_text(said)
	expect(form.get_by_role("group", name="names").locator(".error:not(:empty)")).to_have_text("At least 1.")
	expect(form.get_by_role("button", name="Add names")).to_be_focused()
	assert nothing_was_submitted()


@pytest.mark.parametrize(
	("schema", "typed"),
	[
		({"type": "integer", "maximum": BIG}, str(BIG)),
		({"type": "number", "multipleOf": 0.1}, "0.3"),
		({"type": "string", "format": "decimal", "exclusiveMinimum": 0}, "0.00000000000000000000001"),
		({"type": "string", "maxLength": 2}, "é😀"),
		({"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}], "default": None}, ""),
	],
)
def test_what_is_within_the_bounds_is_sent(visit, world, schema, typed):
	offer({"it": {**schema, "title": "it"}}, [])
	form = open_form(visit(world.alice))
	form.get_by_label("it", exact=True).fill(typed)
	press_submit(form)
	assert submitted().get("it", "") in (typed, json.loads(typed) if typed[:1].isdigit() else "")


def test_all_that_the_server_says_stands_at_its_fields(visit, world):
	wrong = {"type": "string", "pattern": "^x"}
	names = ("first", "second", "third")
	offer({**{name: {**wrong, "title": name} for name in names}, "people": {"type": "array", "items": wrong}})
	page = visit(world.alice)
	form = open_form(page)
	for name in names:
		form.get_by_label(name, exact=True).fill("x" if name == "first" else "y")
	form.get_by_role("button", name="Add People").click()
	form.get_by_label("People 1", exact=True).fill("y")
	press_submit(form)
	expect(form.locator(".field > .error:not(:empty)")).to_have_text(["must match pattern '^x'"] * 3)
	expect(form.get_by_label("second", exact=True)).to_be_focused()
	expect(form.get_by_label("first", exact=True)).to_have_attribute("aria-invalid", "false")
	assert nothing_was_submitted()


def test_what_is_wrong_with_the_whole_is_said_without_its_name(visit, world):
	offer({"a": {"type": "string", "title": "a"}, "b": {"type": "string"}}, [])
	schema = json.loads(frappe.db.get_value("Job Type", OFFERED, "parameters_schema"))
	text = json.dumps({**schema, "minProperties": 1})
	frappe.get_doc("Job Type", OFFERED).update({"parameters_schema": text}).save()
	frappe.db.commit()
	form = open_form(visit(world.alice))
	press_submit(form)
	expect(form.get_by_role("alert")).to_have_text("must have at least 1 item")


def test_lists_of_objects_are_filled_moved_and_emptied_with_the_keyboard(visit, world):
	offer({"people": {"type": "array", "items": {"$ref": "#/$defs/Visitor"}, "title": "People"}})
	page = visit(world.alice)
	form = open_form(page)
	keyboard = page.page.keyboard
	add = form.get_by_role("button", name="Add People")
	for name in ("Ada", "Bea", "Cleo"):
		add.focus()
		keyboard.press("Enter")
		# the focus is in what was added
		keyboard.type(name)
		keyboard.press("Tab")
		keyboard.type(f"{name.lower()}@example.com")
	form.get_by_role("button", name="Move People 3 up").focus()
	keyboard.press("Enter")
	expect(form.get_by_role("button", name="Move People 2 up")).to_be_focused()
	form.get_by_role("button", name="Remove People 1").focus()
	keyboard.press("Enter")
	expect(form.get_by_role("button", name="Remove People 1")).to_be_focused()
	press_submit(form)
	assert submitted() == {
		"people": [
			{"name": "Cleo", "e_mail": "cleo@example.com"},
			{"name": "Bea", "e_mail": "bea@example.com"},
		]
	}


def test_what_the_server_says_of_a_nested_value_is_shown_at_its_field(visit, world):
	offer({"people": {"type": "array", "items": {"$ref": "#/$defs/Visitor"}, "title": "People"}})
	page = visit(world.alice)
	form = open_form(page)
	for _number in range(2):
		form.get_by_role("button", name="Add People").click()
	for place, address in enumerate(("ada@example.com", "nonsense")):
		form.get_by_label("Name").nth(place).fill("Ada")
		form.get_by_label("E Mail").nth(place).fill(address)
	press_submit(form)
	wrong = form.get_by_label("E Mail").nth(1)
	expect(wrong).to_be_focused()
	expect(wrong).to_have_attribute("aria-invalid", "true")
	expect(wrong).to_have_accessible_description("must match pattern '@'")
	assert nothing_was_submitted()


def test_one_of_several_kinds_of_objects_is_chosen(visit, world):
	kinds = {
		"oneOf": [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Square"}],
		"discriminator": {"propertyName": "kind"},
		"title": "Shape",
	}
	offer({"shape": kinds})
	page = visit(world.alice)
	form = open_form(page)
	shape = form.get_by_role("group", name="Shape")
	shape.get_by_label("Kind").select_option("Circle")
	shape.get_by_label("Radius").fill("1.5")
	shape.get_by_label("Kind").select_option("Square")
	expect(shape.get_by_label("Radius")).to_have_count(0)
	shape.get_by_label("Side").fill("4")
	press_submit(form)
	assert submitted() == {"shape": {"kind": "square", "side": 4}}


def test_an_export_is_submitted_from_its_own_type(visit, world):
	with changed("Job Type", "data_export", allow_web_submission=1):
		page = visit(world.alice)
		form = open_form(page)
		expect(form.get_by_label("DocType")).to_have_attribute("aria-required", "true")
		form.get_by_label("DocType").fill("Person")
		# what may be left out is empty
		expect(form.get_by_label("Filters")).to_have_value("")
		form.get_by_label("Filters").fill('{"first_name": "adam"}')
		form.get_by_role("button", name="Add Fields").click()
		form.get_by_label("Fields 1", exact=True).fill("first_name")
		press_submit(form)
		stored = submitted("data_export")
	wanted = {"doctype": "Person", "filters": {"first_name": "adam"}, "fields": ["first_name"]}
	assert {name: stored.get(name) for name in wanted} == wanted


def test_what_no_field_can_show_is_json_in_its_place(visit, world):
	offer({"table": {"type": "object", "additionalProperties": {"type": "integer"}, "title": "Table"}})
	page = visit(world.alice)
	form = open_form(page)
	form.get_by_label("Table").fill("{")
	press_submit(form)
	expect(form.get_by_label("Table")).to_be_focused()
	expect(form.get_by_text("This is no valid JSON.")).to_be_visible()
	form.get_by_label("Table").fill(f'{{"a": {BIG}}}')
	press_submit(form)
	assert submitted() == {"table": {"a": BIG}}


def test_as_json_keeps_what_was_typed_both_ways(visit, world):
	offer(
		{
			"seats": {"type": "integer", "title": "Seats"},
			"names": {"type": "array", "items": {"type": "string"}, "title": "Names"},
			"api_token": {"type": "string", "title": "Api Token"},
		}
	)
	page = visit(world.alice)
	form = open_form(page)
	form.get_by_label("Seats").fill(str(BIG))
	form.get_by_label("Api Token").fill("hush-hush")
	as_json, text = form.get_by_role("switch", name="As JSON"), form.get_by_label("Parameters as JSON")
	as_json.check()
	assert json.loads(text.input_value()) == {"seats": BIG, "names": [], "api_token": "••••••"}
	text.fill(text.input_value().replace("[]", '["Ada"]'))
	as_json.uncheck()
	expect(form.get_by_label("Names 1", exact=True)).to_have_value("Ada")
	expect(form.get_by_label("Api Token")).to_have_value("hush-hush")
	as_json.check()
	text.fill('{"seats": "many", "names": "Ada"}')
	as_json.click()
	# a list shows no text
	expect(as_json).to_be_checked()
	expect(form.get_by_text("parameters.names: there is no field for this value")).to_be_visible()
	text.fill(f'{{"seats": {BIG}, "names": ["Bea"], "api_token": "••••••"}}')
	press_submit(form)
	assert submitted() == {"seats": BIG, "names": ["Bea"], "api_token": "hush-hush"}


def test_what_a_text_begins_with_keeps_its_lines(visit, world):
	offer(
		{"text": {"type": "string", "title": "Text", "default": "two\nlines"}, "odd name": {"type": "null"}},
		[],
	)
	page = visit(world.alice)
	form = open_form(page)
	expect(form.get_by_label("Text")).to_have_value("two\nlines")
	form.get_by_label("Odd name").fill("7")
	press_submit(form)
	# a name that is no word is quoted in the path
	expect(form.get_by_label("Odd name")).to_be_focused()
	form.get_by_label("Odd name").fill("null")
	press_submit(form)
	assert submitted() == {"text": "two\nlines", "odd name": None}


def test_a_secret_is_typed_unseen(visit, world):
	offer({"api_token": {"type": "string", "title": "Api Token"}})
	page = visit(world.alice)
	form = open_form(page)
	assert form.get_by_label("Api Token").get_attribute("type") == "password"


# --- links and files


def offer_a_link() -> None:
	offer({"person": {"type": "string", "title": "Person", "x-dartwing-link": "Person"}})


def test_a_link_offers_who_may_be_seen_and_is_chosen_with_the_keyboard(visit, world):
	offer_a_link()
	page = visit(world.alice)
	form = open_form(page)
	box = form.get_by_role("combobox", name="Person", exact=True)
	box.press_sequentially("a")
	options = offers(form)
	expect(options).to_have_count(3)
	assert {one.split("\n")[0] for one in options.all_inner_texts()} == {"alice", "adam", "wanda"}
	expect(box).to_have_attribute("aria-expanded", "true")
	box.fill("adam")
	expect(options).to_have_count(1)
	box.press("ArrowDown")
	assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
	expect(options.first).to_have_attribute("aria-selected", "true")
	box.press("Enter")
	expect(box).to_have_value("adam")
	expect(options).to_have_count(0)
	box.press_sequentially("x")
	box.press("Backspace")
	expect(options).to_have_count(1)
	box.press("Escape")
	# the list is closed, and the dialog is not
	expect(options).to_have_count(0)
	press_submit(form)
	adam = frappe.db.get_value("Person", {"frappe_user": world.adam})
	assert submitted() == {"person": adam}


def test_a_name_that_nobody_may_see_is_refused_at_its_field(visit, world):
	offer_a_link()
	page = visit(world.alice)
	form = open_form(page)
	box = form.get_by_role("combobox", name="Person", exact=True)
	box.fill(frappe.db.get_value("Person", {"frappe_user": world.bob}))
	press_submit(form)
	expect(box).to_be_focused()
	expect(box).to_have_attribute("aria-invalid", "true")
	assert nothing_was_submitted()


def test_a_member_without_desk_is_offered_what_they_may_read(visit, world, wanda):
	offer({"club": {"type": "string", "title": "Club", "x-dartwing-link": "Organization"}})
	page = visit(wanda)
	form = open_form(page)
	form.get_by_role("combobox", name="Club").click()
	expect(offers(form)).to_have_text([world.alpha, world.beta])
	offers(form).filter(has_text=world.beta).click()
	press_submit(form)
	assert submitted() == {"club": world.beta}


@pytest.fixture
def _without_files():
	yield
	for name in frappe.get_all("File", {"file_name": ("like", "members%")}, pluck="name"):
		frappe.delete_doc("File", name, force=True)
	frappe.db.commit()


@pytest.mark.usefixtures("_without_files")
@pytest.mark.parametrize("user", [World.alice, "wanda@both.example"])
def test_a_file_is_uploaded_for_nobody_else(visit, world, wanda, user):
	offer({"sheet": {"type": "string", "title": "Sheet", "x-dartwing-upload": True}})
	page = visit(user)
	form = open_form(page)
	press_submit(form)
	expect(form.get_by_text("Choose a file.")).to_be_visible()
	content = {"name": "members.txt", "mimeType": "text/plain", "buffer": b"Ada\nBea\n"}
	form.get_by_label("Sheet", exact=True).set_input_files(content)
	expect(form.get_by_role("button", name="Remove Sheet")).to_be_focused()
	expect(form).to_contain_text("members.txt")
	press_submit(form)
	file = frappe.get_doc("File", submitted()["sheet"])
	assert (file.owner, file.is_private, file.attached_to_name) == (user, 1, None)
	assert file.get_content() == "Ada\nBea\n"


def test_a_file_that_is_too_large_is_refused_in_its_place(visit, world):
	offer({"sheet": {"type": "string", "title": "Sheet", "x-dartwing-upload": True}})
	with changed("System Settings", "System Settings", max_file_size=1):
		page = visit(world.alice)
		form = open_form(page)
		content = {"name": "large.txt", "mimeType": "text/plain", "buffer": b"x" * 1_100_000}
		sheet = form.get_by_label("Sheet", exact=True)
		sheet.set_input_files(content)
		expect(sheet).to_have_accessible_description("A file may have at most 1 MB.")
		expect(sheet).to_have_attribute("aria-invalid", "true")
	assert not frappe.db.exists("File", {"file_name": "large.txt"})


# --- with other parameters, and without consequences


def test_a_dead_letter_is_tried_with_other_parameters(visit, world):
	offer(
		{
			"seats": {"type": "integer", "title": "Seats"},
			"api_token": {"type": "string", "title": "Api Token"},
			"mode": {"enum": ["succeed", "fail"], "title": "Mode"},
		},
		required=["seats"],
	)
	job = submit_as(world.alice, OFFERED, world.alpha, {"seats": BIG, "api_token": "hush-hush"})
	frappe.db.commit()
	end(job.name, "Dead Letter")
	page = visit(world.adam)
	page.open_details(job.name)
	page.button("Try with other parameters").click()
	form = page.dialog
	expect(form.get_by_label("Seats")).to_have_value(str(BIG))
	expect(form.get_by_label("Api Token")).to_have_value("")
	form.get_by_label("Mode").select_option("succeed")
	assert_fine(page)
	form.get_by_role("button", name="Try again", exact=True).click()
	made = wait_until(lambda: newest(job.name), "the new job")
	expect(page.dialog).to_contain_text(made)
	expect(page.dialog.get_by_role("button", name=job.name)).to_be_visible()
	assert json.loads(frappe.db.get_value("Background Job", made, "input_parameters")) == {
		"seats": BIG,
		"mode": "succeed",
	}
	assert frappe.db.get_value("Background Job", job.name, "status") == "Canceled"


def test_what_the_template_of_a_dead_letter_does_not_name_is_json(visit, world):
	make_job_type(OFFERED, allow_web_submission=1, parameters_template='{"mode": "succeed"}')
	job = submit_as(world.alice, OFFERED, world.alpha, {"mode": "fail", "password": "hush-hush", "n": BIG})
	frappe.db.commit()
	end(job.name, "Dead Letter")
	page = visit(world.adam)
	page.open_details(job.name)
	page.button("Try with other parameters").click()
	text = page.dialog.get_by_label("Parameters as JSON")
	assert json.loads(text.input_value()) == {"mode": "fail", "password": "••••••", "n": BIG}
	page.dialog.get_by_role("button", name="Try again", exact=True).click()
	expect(page.dialog.get_by_text("Write the secret values anew")).to_be_visible()
	text.fill(f'{{"mode": "succeed", "n": {BIG}}}')
	page.dialog.get_by_role("button", name="Try again", exact=True).click()
	made = wait_until(lambda: newest(job.name), "the new job")
	stored = frappe.db.get_value("Background Job", made, "input_parameters")
	assert json.loads(stored) == {"mode": "succeed", "n": BIG}


def test_a_secret_of_a_template_is_asked_for_anew(visit, world):
	template = '{"mode": "succeed", "password": ""}'
	make_job_type(OFFERED, allow_web_submission=1, parameters_template=template)
	job = submit_as(world.alice, OFFERED, world.alpha, {"mode": "fail", "password": "hush-hush"})
	frappe.db.commit()
	end(job.name, "Dead Letter")
	page = visit(world.adam)
	page.open_details(job.name)
	page.button("Try with other parameters").click()
	password = page.dialog.get_by_label("Password")
	expect(password).to_have_value("")
	expect(password).to_have_accessible_description("It is secret: type it anew.")
	page.dialog.get_by_role("button", name="Try again", exact=True).click()
	expect(password).to_be_focused()
	password.fill("hush again")
	page.dialog.get_by_role("button", name="Try again", exact=True).click()
	made = wait_until(lambda: newest(job.name), "the new job")
	stored = frappe.db.get_value("Background Job", made, "input_parameters")
	assert json.loads(stored) == {"mode": "fail", "password": "hush again"}


def test_parameters_that_no_longer_fit_the_schema_begin_as_json(visit, world):
	offer({"size": {"enum": ["small"], "title": "Size"}, "names": {"type": "array", "items": {}}}, [])
	job = submit_as(world.alice, OFFERED, world.alpha, {"size": "small", "names": []})
	text = '{"size": "huge", "names": "Ada"}'
	frappe.db.set_value("Background Job", job.name, "input_parameters", text)
	frappe.db.commit()
	end(job.name, "Dead Letter")
	page = visit(world.adam)
	page.open_details(job.name)
	page.button("Try with other parameters").click()
	form = page.dialog
	expect(form.get_by_role("switch", name="As JSON")).to_be_checked()
	assert json.loads(form.get_by_label("Parameters as JSON").input_value()) == json.loads(text)
	form.get_by_role("button", name="Try again", exact=True).click()
	expect(form.get_by_text("size: must be 'small'")).to_contain_text("names: must be a valid list")
	form.get_by_label("Parameters as JSON").fill('{"size": "small", "names": ["Ada"]}')
	form.get_by_role("switch", name="As JSON").uncheck()
	expect(form.get_by_label("Names 1", exact=True)).to_have_value('"Ada"')


def newest(job_id: str) -> str | None:
	frappe.db.rollback()
	return frappe.db.get_value("Background Job", {"retry_of": job_id})


@pytest.mark.usefixtures("worker")
def test_a_dry_run_is_run_for_real_from_its_answer(visit, world):
	offer({"mode": {"enum": ["succeed", "write a person", "fail"], "title": "Mode"}})
	page = visit(world.alice)
	form = open_form(page)
	form.get_by_role("radio", name="succeed").check()
	form.get_by_label("Dry run").check()
	press_submit(form)
	assert submitted() == {"mode": "succeed"}
	fields = ["name", "is_dry_run"]
	rehearsed = frappe.db.get_value("Background Job", {"job_type": OFFERED}, fields, as_dict=True)
	assert rehearsed.is_dry_run
	expect(page.dialog).to_contain_text("dry run")
	page.dialog.get_by_role("button", name=re.compile(f"^Run for real .+ {rehearsed.name}")).click()
	page.dialog.get_by_role("button", name="Run for real", exact=True).click()

	def real() -> tuple | None:
		frappe.db.rollback()
		others = {"job_type": OFFERED, "name": ("!=", rehearsed.name)}
		return frappe.db.get_value("Background Job", others, ["name", "is_dry_run", "input_parameters"])

	made, is_dry_run, parameters = wait_until(real, "the real job")
	assert (is_dry_run, json.loads(parameters)) == (0, {"mode": "succeed"})
	expect(page.dialog).to_contain_text(made)


def test_a_schedule_that_gives_other_parameters_begins_with_its_own(visit, world):
	most = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None, "title": "Most"}
	mode = {"type": "string", "title": "Mode"}
	offer({"seats": {"type": "integer", "title": "Seats"}, "mode": mode, "most": most}, ["seats", "mode"])
	stored = {"most": None, "mode": "succeed", "seats": BIG}
	schedule = make_schedule(job_type=OFFERED, parameters=stored)
	page = visit(world.adam)
	page.page.locator(f'li[data-schedule="{schedule}"] .title').click()
	names, values = page.dialog.locator(".facts dt"), page.dialog.locator(".facts dd")
	expect(names).to_have_text(["Seats", "Mode", "Most"])
	# what was stored of a parameter that nobody gave is no value
	expect(values).to_have_text([str(BIG), "succeed", "\N{EN DASH}"])
	assert_fine(page)
	page.dialog.get_by_label("Give other parameters").check()
	expect(values.first).to_be_hidden()
	expect(page.dialog.get_by_label("Most", exact=True)).to_have_value("")
	expect(page.dialog.get_by_label("Seats")).to_have_value(str(BIG))
	page.dialog.get_by_label("Seats").fill("3")
	page.dialog.get_by_role("button", name="Save", exact=True).click()
	expect(page.page.get_by_role("dialog")).to_have_count(0)
	assert json.loads(row_of(schedule).parameters) == {"seats": 3, "mode": "succeed"}


# --- for everybody


EVERYTHING = {
	"title": {"type": "string", "title": "Title", "description": "What is on the door."},
	"size": {"enum": ["small", "large"], "title": "Size"},
	"person": {"type": "string", "title": "Person", "x-dartwing-link": "Person"},
	"sheet": {"type": "string", "title": "Sheet", "x-dartwing-upload": True},
	"starts": {"type": "string", "format": "date-time", "title": "Starts"},
	"people": {"type": "array", "items": {"$ref": "#/$defs/Visitor"}, "title": "People", "minItems": 2},
	"tags": {"type": "array", "items": {"type": "string"}, "title": "Tags", "minItems": 1},
	"shape": {"oneOf": [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Square"}], "title": "Shape"},
	"visitor": {"anyOf": [{"$ref": "#/$defs/Visitor"}, {"type": "null"}], "default": None},
	"table": {"type": "object", "title": "Table"},
}


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(visit, world, scheme, viewport):
	offer(EVERYTHING)
	page = visit(world.alice, viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
	form = open_form(page)
	form.get_by_label("Kind").select_option("Circle")
	form.get_by_label("Give Visitor").check()
	assert_fine(page)
	form.get_by_role("combobox", name="Person", exact=True).press_sequentially("a")
	expect(offers(form)).to_have_count(3)
	assert_fine(page)
	form.get_by_role("combobox", name="Person", exact=True).press("Escape")
	press_submit(form)
	expect(form.get_by_label("Title", exact=True)).to_be_focused()
	assert_fine(page)


def assert_fine(page) -> None:
	results = Axe().run(page.page)
	assert results.violations_count == 0, results.generate_report()
	wide = page.page.evaluate(
		"""() => [document.scrollingElement, ...document.querySelectorAll("dialog, .dialog-body, fieldset")]
			.filter((one) => one.scrollWidth > one.clientWidth + 1)
			.map((one) => one.className || one.tagName)"""
	)
	assert wide == []


def test_a_date_that_there_is_not_is_told_and_is_not_left_out(visit, world):
	formats = {"day": "date", "opens": "time", "starts": "date-time"}
	offer({name: {"type": "string", "format": one, "title": name} for name, one in formats.items()}, [])
	page = visit(world.alice, locale="en-US")
	form = open_form(page)
	type_into(form.get_by_label("day", exact=True), "02312027")
	type_into(form.get_by_label("opens", exact=True), "09")
	type_into(form.get_by_label("starts", exact=True), "02312027")
	press_submit(form)
	texts = ["This is no date.", "This is no time of day.", "This is no date with a time."]
	expect(form.locator(".field .error:not(:empty)")).to_have_text(texts)
	expect(form.get_by_label("day", exact=True)).to_be_focused()
	assert nothing_was_submitted()


def test_a_description_without_a_full_stop_does_not_run_into_what_follows(visit, world):
	offer({"note": {"type": "string", "title": "Note", "description": "A note"}}, [])
	form = open_form(visit(world.alice))
	expect(form.get_by_label("Note", exact=True)).to_have_accessible_description("A note. Optional.")

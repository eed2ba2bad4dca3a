import frappe
import pytest
from contract_doctypes import GROUP, ITEM, group, item, new_item
from factories import acting_as, wait_until
from frappe.permissions import add_user_permission, remove_user_permission


@pytest.fixture
def groups(doctypes) -> list[str]:
	"""Two groups with an item each, and an item without a group; alice is limited to the first group."""
	for name in ("North", "South"):
		group(name)
		item(f"Item {name}", group=name)
	item("Item none")
	add_user_permission(GROUP, "North", doctypes.alice)
	return ["North", "South"]


def listed(user: str, **options) -> list[str]:
	with acting_as(user):
		return frappe.get_list(ITEM, pluck="title", order_by="title asc", **options)


def named(title: str) -> str:
	return frappe.db.get_value(ITEM, {"title": title})


def test_lists_have_what_is_linked_to_the_permitted_document_or_to_none(doctypes, groups):
	assert listed(doctypes.alice) == ["Item none", "Item North"]


def test_get_all_knows_no_user_permissions(doctypes, groups):
	with acting_as(doctypes.alice):
		assert len(frappe.get_all(ITEM)) == 3


def test_other_users_are_not_limited(doctypes, groups):
	assert len(listed(doctypes.bob)) == 3


def test_the_permitted_doctype_itself_is_limited(doctypes, groups):
	with acting_as(doctypes.alice):
		assert frappe.get_list(GROUP, pluck="name") == ["North"]
		assert frappe.has_permission(GROUP, "read", doc="North")
		assert not frappe.has_permission(GROUP, "read", doc="South")


def test_a_document_linked_to_another_one_cannot_be_read(doctypes, groups):
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "read", doc=named("Item North"))
		assert frappe.has_permission(ITEM, "read", doc=named("Item none"))
		assert not frappe.has_permission(ITEM, "read", doc=named("Item South"))


def test_a_document_linked_to_another_one_cannot_be_written(doctypes, groups):
	with acting_as(doctypes.alice):
		new_item("Mine", group="North").insert()
		with pytest.raises(frappe.PermissionError):
			new_item("Not mine", group="South").insert()


def test_links_in_child_rows_count(doctypes, groups):
	doc = item("With lines", lines=[{"text": "one", "group": "South"}])
	with acting_as(doctypes.alice):
		assert not frappe.has_permission(ITEM, "read", doc=doc.name)


def test_a_link_that_ignores_user_permissions_is_free(doctypes):
	item("Kind", kind="User")
	add_user_permission("DocType", "Role", doctypes.alice)
	try:
		assert listed(doctypes.alice) == ["Kind"]
	finally:
		remove_user_permission("DocType", "Role", doctypes.alice)


def test_several_permissions_are_alternatives(doctypes, groups):
	add_user_permission(GROUP, "South", doctypes.alice)
	assert len(listed(doctypes.alice)) == 3


def test_a_permission_for_one_doctype_limits_only_that_one(doctypes, groups):
	remove_user_permission(GROUP, "North", doctypes.alice)
	add_user_permission(GROUP, "North", doctypes.alice, applicable_for="Contract Owned")
	assert len(listed(doctypes.alice)) == 3
	with acting_as(doctypes.alice):
		assert len(frappe.get_list(GROUP)) == 2


def test_a_removed_permission_limits_nothing_any_more(doctypes, groups):
	remove_user_permission(GROUP, "North", doctypes.alice)
	assert len(listed(doctypes.alice)) == 3


def test_a_permission_cannot_be_given_twice(doctypes, groups):
	add_user_permission(GROUP, "North", doctypes.alice)
	assert frappe.db.count("User Permission", {"allow": GROUP, "user": doctypes.alice}) == 1
	with pytest.raises(frappe.DuplicateEntryError):
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": doctypes.alice,
				"allow": GROUP,
				"for_value": "North",
				"apply_to_all_doctypes": 1,
			}
		).insert()


def set_strict(strict: int) -> None:
	"""Commit, and wait until this process knows: a process of Frappe v16 hears of it a moment later."""
	frappe.db.set_single_value("System Settings", "apply_strict_user_permissions", strict)
	frappe.db.commit()

	def is_known() -> bool:
		frappe.clear_document_cache("System Settings", "System Settings")
		return frappe.get_system_settings("apply_strict_user_permissions") == strict

	wait_until(is_known, "the System Settings are known")


def test_with_strict_permissions_an_empty_link_is_refused_too(doctypes, groups):
	before = frappe.db.get_single_value("System Settings", "apply_strict_user_permissions")
	try:
		set_strict(1)
		assert listed(doctypes.alice) == ["Item North"]
	finally:
		set_strict(before)


def test_user_permissions_hold_beside_filters(doctypes, groups):
	assert listed(doctypes.alice, filters={"group": "South"}) == []
	assert listed(doctypes.alice, or_filters={"group": "South", "title": "Item South"}) == []

import frappe
import pytest
from contract_doctypes import GROUP, ITEM, LINE, OWNED, group, item, new_item
from factories import acting_as
from framework import since

from dartwing.tests import contract_hooks


@pytest.fixture
def hook(monkeypatch):
	"""Give a DocType permission hooks for one test: hook("has_permission", "refuse")."""
	original = frappe.get_hooks
	added: dict[str, dict] = {}

	def get_hooks(name=None, *arguments, **options):
		found = original(name, *arguments, **options)
		return {**found, **added[name]} if name in added else found

	def add(kind: str, *names: str, doctype: str = ITEM) -> None:
		paths = [f"{contract_hooks.__name__}.{name}" for name in names]
		added.setdefault(kind, {})[doctype] = paths

	monkeypatch.setattr(frappe, "get_hooks", get_hooks)
	contract_hooks.calls.clear()
	return add


@pytest.fixture
def items() -> list[str]:
	return [item(title, status=status).name for title, status in (("North", "Open"), ("South", "Closed"))]


def owned_by(user: str):
	with acting_as(user):
		return frappe.get_doc({"doctype": OWNED, "title": user}).insert()


def listed(user: str, doctype: str = ITEM, **options) -> list[str]:
	with acting_as(user):
		return frappe.get_list(doctype, pluck="title", order_by="title asc", **options)


# roles


def test_a_role_gives_the_rights_of_its_row(doctypes):
	with acting_as(doctypes.alice):
		rights = {
			right: frappe.has_permission(ITEM, right) for right in ("read", "write", "create", "delete")
		}
	assert rights == {"read": True, "write": True, "create": True, "delete": False}


def test_a_user_without_the_role_has_no_right(doctypes):
	with acting_as("Guest"):
		assert not frappe.has_permission(ITEM, "read")


def test_administrator_may_everything():
	assert frappe.has_permission(ITEM, "delete")
	assert frappe.has_permission(GROUP, "submit")


def test_has_permission_takes_a_user(doctypes):
	assert frappe.has_permission(ITEM, "create", user=doctypes.alice)
	assert not frappe.has_permission(GROUP, "create", user=doctypes.alice)


def test_has_permission_throws_when_told_to(doctypes):
	with acting_as(doctypes.alice), pytest.raises(frappe.PermissionError):
		frappe.has_permission(GROUP, "create", throw=True)


def test_inserting_without_the_right_raises(doctypes):
	with acting_as(doctypes.alice), pytest.raises(frappe.PermissionError):
		group("North")


def test_saving_without_the_right_raises(doctypes):
	doc = group("North")
	with acting_as(doctypes.alice), pytest.raises(frappe.PermissionError):
		doc.save()


def test_deleting_without_the_right_raises(doctypes, items):
	with acting_as(doctypes.alice), pytest.raises(frappe.PermissionError):
		frappe.delete_doc(ITEM, items[0])


def test_permissions_can_be_ignored(doctypes):
	with acting_as(doctypes.alice):
		doc = frappe.get_doc({"doctype": GROUP, "group_name": "North"}).insert(ignore_permissions=True)
		doc.note = "changed"
		doc.save(ignore_permissions=True)
		frappe.delete_doc(GROUP, "North", ignore_permissions=True)
	assert not frappe.db.exists(GROUP, "North")


def test_get_doc_checks_nothing(doctypes):
	group("North")
	with acting_as("Guest"):
		assert frappe.get_doc(GROUP, "North").name == "North"


def test_check_permission_raises_for_a_document(doctypes):
	doc = group("North")
	with acting_as(doctypes.alice):
		doc.check_permission("read")
		with pytest.raises(frappe.PermissionError):
			doc.check_permission("write")


def test_only_for_lets_only_the_role_pass(doctypes):
	with acting_as(doctypes.manager):
		frappe.only_for("System Manager")
	with acting_as(doctypes.alice), pytest.raises(frappe.PermissionError):
		frappe.only_for(("System Manager", "Dartwing Admin"))


def test_roles_of_users(doctypes):
	assert {"Dartwing User", "All", "Guest"} <= set(frappe.get_roles(doctypes.alice))
	assert "Dartwing Admin" not in frappe.get_roles(doctypes.alice)
	assert frappe.get_roles("Guest") == ["Guest"]
	assert "System Manager" in frappe.get_roles("Administrator")


def test_added_and_removed_roles_count_at_once(passing_user):
	passing_user.add_roles("Dartwing Admin")
	assert "Dartwing Admin" in frappe.get_roles(passing_user.name)
	passing_user.remove_roles("Dartwing Admin")
	assert "Dartwing Admin" not in frappe.get_roles(passing_user.name)


# owners


def test_has_permission_of_a_doctype_says_nothing_about_rows_that_only_owners_may_read(doctypes):
	with acting_as(doctypes.alice):
		assert frappe.has_permission(OWNED, "read")
		assert frappe.has_permission(OWNED, "create")


def test_without_a_document_an_owners_right_to_write_does_not_count(doctypes):
	with acting_as(doctypes.alice):
		assert not frappe.has_permission(OWNED, "write")
		assert not frappe.has_permission(OWNED, "delete")


def test_of_rows_for_owners_only_others_see_nothing(doctypes):
	mine, theirs = owned_by(doctypes.alice), owned_by(doctypes.bob)
	with acting_as(doctypes.alice):
		for right in ("read", "write", "delete"):
			assert frappe.has_permission(OWNED, right, doc=mine.name)
			assert not frappe.has_permission(OWNED, right, doc=theirs.name)


def test_get_list_has_only_the_owners_rows_and_get_all_has_all(doctypes):
	owned_by(doctypes.alice)
	owned_by(doctypes.bob)
	assert listed(doctypes.alice, OWNED) == [doctypes.alice]
	assert len(listed(doctypes.manager, OWNED)) == 2
	with acting_as(doctypes.alice):
		assert frappe.db.count(OWNED) == 2
		assert len(frappe.get_all(OWNED)) == 2
		assert len(frappe.get_list(OWNED, ignore_permissions=True)) == 2


def test_the_owner_of_a_document_is_who_inserted_it(doctypes):
	doc = owned_by(doctypes.alice)
	assert (doc.owner, doc.modified_by) == (doctypes.alice, doctypes.alice)
	with acting_as(doctypes.manager):
		doc.save()
	assert (doc.owner, doc.modified_by) == (doctypes.alice, doctypes.manager)


def test_get_list_without_any_right_raises(doctypes):
	with acting_as("Guest"), pytest.raises(frappe.PermissionError):
		frappe.get_list(OWNED)


def test_lists_can_be_read_for_another_user(doctypes):
	owned_by(doctypes.bob)
	assert frappe.get_list(OWNED, pluck="title", user=doctypes.alice) == []
	assert frappe.get_list(OWNED, pluck="title", user=doctypes.bob) == [doctypes.bob]


# permission_query_conditions


def test_query_conditions_limit_get_list_but_not_get_all(doctypes, items, hook):
	hook("permission_query_conditions", "only_north")
	assert listed(doctypes.alice) == ["North"]
	assert len(frappe.get_all(ITEM)) == 2


def test_query_conditions_of_several_hooks_must_all_hold(doctypes, items, hook):
	item("North two", status="Closed")
	hook("permission_query_conditions", "only_north", "only_open", "nothing")
	assert listed(doctypes.alice) == ["North"]


def test_query_conditions_count_for_administrator_too(items, hook):
	hook("permission_query_conditions", "only_north")
	assert frappe.get_list(ITEM, pluck="title") == ["North"]


def test_query_conditions_hold_beside_filters_and_or_filters(doctypes, items, hook):
	hook("permission_query_conditions", "only_north")
	assert listed(doctypes.alice, filters={"title": "South"}) == []
	assert listed(doctypes.alice, or_filters={"title": "South", "status": "Closed"}) == []
	assert listed(doctypes.alice, filters={"title": ("in", ["South", "North"])}) == ["North"]


def test_query_conditions_hold_when_rows_are_counted(doctypes, items, hook):
	hook("permission_query_conditions", "only_north")
	with acting_as(doctypes.alice):
		total = {"COUNT": "name", "as": "total"} if since(16) else "count(name) as total"
		assert frappe.get_list(ITEM, fields=[total])[0].total == 1


@pytest.mark.parametrize("filters", [None, {"status": "Open"}])
def test_a_per_cent_sign_in_query_conditions(doctypes, items, hook, filters):
	"""On v15 it stands for itself; v16 takes it for a place of a value, also where there are none."""
	hook("permission_query_conditions", "like_north")
	if since(16):
		with pytest.raises((ValueError, TypeError, frappe.db.ProgrammingError)):
			listed(doctypes.alice, filters=filters)
		hook("permission_query_conditions", "like_north_doubled")
	assert listed(doctypes.alice, filters=filters) == ["North"]


def test_query_conditions_do_not_touch_a_single_document(doctypes, items, hook):
	hook("permission_query_conditions", "only_north")
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "read", doc=items[1])


# has_permission


def test_a_has_permission_hook_that_says_false_refuses_its_documents(doctypes, items, hook):
	hook("has_permission", "refuse_south")
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "read", doc=items[0])
		assert not frappe.has_permission(ITEM, "read", doc=items[1])


def test_a_has_permission_hook_that_says_nothing_refuses_on_some_versions(doctypes, items, hook):
	"""On v16, where every hook must say yes; on v15 it has no opinion."""
	hook("has_permission", "no_opinion")
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "read", doc=items[0]) == (not since(16))


def test_a_has_permission_hook_that_says_true_gives_no_right_that_the_role_lacks(doctypes, items, hook):
	hook("has_permission", "allow")
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "write", doc=items[0])
		assert not frappe.has_permission(ITEM, "delete", doc=items[0])


def test_a_has_permission_hook_gets_document_right_and_user(doctypes, items, hook):
	hook("has_permission", "no_opinion")
	with acting_as(doctypes.alice):
		frappe.has_permission(ITEM, "write", doc=items[0])
	assert contract_hooks.calls == [("North", "write", doctypes.alice)]


def test_a_has_permission_hook_is_not_asked_without_a_document(doctypes, items, hook):
	hook("has_permission", "refuse")
	with acting_as(doctypes.alice):
		assert frappe.has_permission(ITEM, "read")


def test_a_has_permission_hook_is_not_asked_about_administrator(items, hook):
	hook("has_permission", "refuse")
	assert frappe.has_permission(ITEM, "read", doc=items[0])


def test_a_has_permission_hook_is_not_asked_by_lists(doctypes, items, hook):
	hook("has_permission", "refuse")
	assert listed(doctypes.alice) == ["North", "South"]


def test_of_several_has_permission_hooks_the_last_or_each_that_refuses_decides(doctypes, items, hook):
	"""The last one with an opinion on v15; on v16 each, as all of them must say yes."""
	with acting_as(doctypes.alice):
		hook("has_permission", "refuse", "allow")
		assert frappe.has_permission(ITEM, "read", doc=items[0]) == (not since(16))
		hook("has_permission", "allow", "refuse")
		assert not frappe.has_permission(ITEM, "read", doc=items[0])
		hook("has_permission", "allow", "allow")
		assert frappe.has_permission(ITEM, "read", doc=items[0])


def test_a_has_permission_hook_stops_inserts_and_saves(doctypes, items, hook):
	hook("has_permission", "refuse_south")
	with acting_as(doctypes.alice):
		item("North three")
		with pytest.raises(frappe.PermissionError):
			item("South three")
		doc = frappe.get_doc(ITEM, items[1])
		with pytest.raises(frappe.PermissionError):
			doc.save()


# permission levels and child rows


def test_a_field_of_a_higher_level_keeps_its_value_when_its_level_is_not_given(doctypes):
	doc = item("First", internal="kept")
	with acting_as(doctypes.alice):
		doc = frappe.get_doc(ITEM, doc.name)
		doc.internal, doc.note = "changed", "changed"
		doc.save()
	assert frappe.db.get_value(ITEM, doc.name, ["internal", "note"]) == ("kept", "changed")


def test_a_new_document_loses_values_of_levels_that_are_not_given(doctypes):
	with acting_as(doctypes.alice):
		doc = new_item("First", internal="mine").insert()
	assert not frappe.db.get_value(ITEM, doc.name, "internal")


def test_get_list_leaves_out_fields_of_levels_that_are_not_given(doctypes):
	item("First", internal="secret")
	with acting_as(doctypes.alice):
		assert "internal" not in frappe.get_list(ITEM, fields=["name", "internal"])[0]
		assert "internal" not in frappe.get_list(ITEM, fields=["*"])[0]
	with acting_as(doctypes.manager):
		assert frappe.get_list(ITEM, fields=["name", "internal"])[0].internal == "secret"


def test_permitted_fields_of_a_doctype(doctypes):
	meta = frappe.get_meta(ITEM)
	with acting_as(doctypes.alice):
		assert "internal" not in meta.get_permitted_fieldnames()
		assert "title" in meta.get_permitted_fieldnames()
	assert "internal" in meta.get_permitted_fieldnames(user=doctypes.manager)


def test_rows_of_a_child_table_are_listed_only_through_a_parent(doctypes):
	item("First", lines=[{"text": "one"}])
	with acting_as(doctypes.alice):
		with pytest.raises(frappe.PermissionError):
			frappe.get_list(LINE)
		assert frappe.get_list(LINE, pluck="text", parent_doctype=ITEM) == ["one"]
	with acting_as("Guest"), pytest.raises(frappe.PermissionError):
		frappe.get_list(LINE, parent_doctype=ITEM)

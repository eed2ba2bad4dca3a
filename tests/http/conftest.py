"""HTTP clients of the world's users; every test begins without jobs and with all its calls left."""

from collections.abc import Iterator

import frappe
import pytest
from factories import CURIOUS, World, acting_as, make_member, make_user, remove_member
from http_client import Client, Web, forget_calls

API = "dartwing.dartwing_core.api.jobs"
PASSING = "passing@alpha.example"
NO_ROLES_OF_MEMBERS = ("Administrator", "System Manager", "All", "Guest", "Desk User")


@pytest.fixture(scope="session")
def clients(web: Web, world: World) -> dict[str, Client]:
	"""By user; logged in once, as hashing passwords takes its time."""
	users = (world.alice, world.adam, world.bob, world.nobody, world.manager)
	return {"Guest": web.guest(), **{user: web.login(user) for user in users}}


@pytest.fixture(autouse=True)
def _clean(clean: World) -> Iterator[None]:
	forget_calls()
	frappe.clear_messages()
	yield
	forget_calls()


@pytest.fixture
def alice(clients: dict[str, Client]) -> Client:
	return clients[World.alice]


@pytest.fixture
def adam(clients: dict[str, Client]) -> Client:
	return clients[World.adam]


@pytest.fixture
def bob(clients: dict[str, Client]) -> Client:
	return clients[World.bob]


@pytest.fixture
def nobody(clients: dict[str, Client]) -> Client:
	return clients[World.nobody]


@pytest.fixture
def manager(clients: dict[str, Client]) -> Client:
	return clients[World.manager]


@pytest.fixture
def guest(clients: dict[str, Client]) -> Client:
	return clients["Guest"]


@pytest.fixture
def curious(web: Web, world: World) -> Iterator[Client]:
	"""A member of Alpha who has every role but System Manager."""
	# what a run that was ended left of them
	remove_member(CURIOUS)
	with acting_as("Administrator"):
		given = {"role": ("not in", NO_ROLES_OF_MEMBERS)}
		roles = frappe.get_all("DocPerm", given, pluck="role", distinct=True)
		for role in roles:
			# benchless has only those of its own and of this app
			if not frappe.db.exists("Role", role):
				frappe.get_doc({"doctype": "Role", "role_name": role}).insert()
		make_user(CURIOUS, roles)
		make_member(CURIOUS, world.alpha)
		frappe.db.commit()
	yield web.login(CURIOUS)
	remove_member(CURIOUS)


@pytest.fixture
def passing_user(world: World) -> Iterator[str]:
	"""A member of Alpha for one test."""
	with acting_as("Administrator"):
		make_user(PASSING, ["Dartwing User"])
		make_member(PASSING, world.alpha)
		frappe.db.commit()
	yield PASSING
	remove_member(PASSING)

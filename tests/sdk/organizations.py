"""The organization of whoever asks."""

from support import UNKNOWN_IDS, connect, is_integer, refused, run


def the_organization_is_listed_and_shown():
    client, wire = connect()
    listed = client.organizations.list()
    assert isinstance(wire.last, list), "no bare array"
    assert [organization.title for organization in listed] == ["Fennel Labs"], listed
    is_integer(listed[0].id, "id")
    assert listed[0].id == client.users.whoami().active_organization, listed
    assert client.organizations.get(listed[0].id).title == "Fennel Labs"


def another_organization_is_not_there():
    client, _ = connect()
    for unknown in UNKNOWN_IDS:
        refused(404, client.organizations.get, unknown)


def the_members_are_listed_page_after_page():
    client, _ = connect()
    organization = client.users.whoami().active_organization
    members = list(client.organizations.members.list(organization, page_size=1))
    assert len({member.user.id for member in members}) == len(members) >= 1, members
    assert members[0].user.username and members[0].organization == organization, members[0]


run(the_organization_is_listed_and_shown, another_organization_is_not_there, the_members_are_listed_page_after_page)

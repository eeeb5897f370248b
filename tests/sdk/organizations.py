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


run(the_organization_is_listed_and_shown, another_organization_is_not_there)

"""Who asks, and which program answers."""

import httpx
from support import ANNOTATOR, MANAGER, OWNER, URL, connect, has_members, is_integer, is_moment, run


def whoami_says_who_asks():
    client, wire = connect(OWNER)
    me = client.users.whoami()
    names = (
        "id email username first_name last_name initials avatar phone active_organization active_organization_meta "
        "last_activity date_joined custom_hotkeys allow_newsletters permissions organization_membership "
        "org_membership lse_fields pause"
    )
    has_members(wire.last, names.split(), "whoami")
    is_integer(me.id, "id")
    is_integer(me.active_organization, "active_organization")
    assert (me.first_name, me.last_name, me.initials) == ("Mara", "Lindqvist", "ML"), me
    assert me.email == me.username == "mara@fennel.example", me
    assert me.active_organization_meta == {"title": "Fennel Labs", "email": me.email}, me.active_organization_meta
    is_moment(me.date_joined, "date_joined")
    if me.last_activity is not None:
        is_moment(me.last_activity, "last_activity")


def whoami_says_which_role_somebody_has_and_what_it_allows():
    change = "model_provider_connection.change"
    for token, role, may_change in ((OWNER, "OW", True), (MANAGER, "MA", False), (ANNOTATOR, "AN", False)):
        me = connect(token)[0].users.whoami()
        membership = me.organization_membership
        assert membership.role == role and membership.active is True, membership
        assert membership.organization_id == me.active_organization, membership
        assert [other.role for other in me.org_membership] == [role], me.org_membership
        assert (change in me.permissions) == may_change, f"{role}: {me.permissions}"
    assert "models.create" in connect(MANAGER)[0].users.whoami().permissions


def the_version_says_that_this_is_enterprise():
    client, wire = connect(OWNER)
    version = client.versions.get()
    assert version.edition == "Enterprise" and version.release, version
    for part in ("backend", "dm2", "lsf", "label-studio-converter", "label-studio-frontend"):
        assert isinstance(wire.last[part], dict), part
    for part in ("label-studio-os-backend", "label-studio-os-package"):
        assert isinstance(wire.last[part], dict), part


def the_version_needs_no_token_and_no_slash():
    for path in ("/api/version", "/api/version/"):
        answer = httpx.get(URL + path)
        assert answer.status_code == 200 and answer.json()["edition"] == "Enterprise", answer.text


run(
    whoami_says_who_asks,
    whoami_says_which_role_somebody_has_and_what_it_allows,
    the_version_says_that_this_is_enterprise,
    the_version_needs_no_token_and_no_slash,
)

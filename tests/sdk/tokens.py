"""Making, listing, rotating and revoking tokens, and which kinds an organization lets in."""

from datetime import datetime

from label_studio_sdk.core.api_error import ApiError
from support import ANNOTATOR, OWNER, OWNER_LEGACY, connect, refused, refused_field, run


def a_personal_token_is_made_listed_and_revoked():
    client, wire = connect(ANNOTATOR)
    made = client.tokens.create()
    assert wire.status == 201, wire.status
    sent = wire.answers[-1].request
    assert sent.headers["content-length"] == "0" and "content-type" not in sent.headers, "the client has changed"
    assert made.token.count(".") == 2, f"no JWT: {made}"
    assert connect(made.token)[0].users.whoami().email == "sam@fennel.example"

    shown = made.token.rsplit(".", 1)[0]
    listed = {token.token: token for token in client.tokens.list(ordering="-created_at")}
    assert isinstance(wire.last, list), "no bare array"
    assert made.token not in listed, "the whole token is shown again"
    assert shown in listed, f"not listed: {list(listed)}"
    for moment in (listed[shown].created_at, listed[shown].expires_at):
        assert datetime.fromisoformat(moment), moment

    client.tokens.blacklist(refresh=made.token)
    assert wire.status == 204, wire.status
    assert shown not in [token.token for token in client.tokens.list()], "still listed"
    refused(401, connect(made.token)[0].users.whoami)
    refused(404, client.tokens.blacklist, refresh=made.token)


def a_token_is_revoked_by_what_the_list_shows_of_it():
    client, _ = connect(ANNOTATOR)
    made = client.tokens.create()
    client.tokens.blacklist(refresh=made.token.rsplit(".", 1)[0])
    refused(401, connect(made.token)[0].users.whoami)


def a_rotated_token_dies_and_its_successor_works():
    client, wire = connect(ANNOTATOR)
    old = client.tokens.create().token
    new = client.tokens.rotate(refresh=old).refresh
    assert wire.status == 200, wire.status
    assert new and new != old, "the same token again"
    refused(401, connect(old)[0].users.whoami)
    assert connect(new)[0].users.whoami().email == "sam@fennel.example"
    refused(400, client.tokens.rotate, refresh=old)
    refused(400, client.tokens.rotate, refresh="nonsense")
    client.tokens.blacklist(refresh=new)


def a_refresh_needs_no_other_proof_and_is_refused_in_json():
    client, wire = connect(ANNOTATOR)
    assert client.tokens.refresh(refresh=ANNOTATOR).access.count(".") == 2
    refused(401, client.tokens.refresh, refresh="nonsense")
    refused_field("refresh", client.tokens.refresh, refresh="")


def nobody_revokes_the_token_of_somebody_else():
    client, _ = connect(ANNOTATOR)
    refused(404, client.tokens.blacklist, refresh=OWNER)
    refused(400, client.tokens.rotate, refresh=OWNER)
    connect(OWNER)[0].users.whoami()


def the_legacy_token_is_told_and_can_be_reset():
    client, wire = connect(OWNER_LEGACY)
    client.users.get_token()
    # The client's type knows `detail`; what the server says is `token`.
    assert wire.last["token"] == OWNER_LEGACY, "another token"
    client.users.reset_token()
    assert wire.status == 201, wire.status
    new = wire.last["token"]
    assert new != OWNER_LEGACY and "." not in new, "not a new legacy token"
    refused(401, client.users.whoami)
    assert connect(new)[0].users.whoami().email == "mara@fennel.example"


def an_owner_sets_which_tokens_are_let_in():
    client, wire = connect(OWNER)
    settings = client.jwt_settings.get()
    assert settings.api_tokens_enabled is True and settings.legacy_api_tokens_enabled is True, settings
    assert type(wire.last["api_token_ttl_days"]) is int, wire.last

    legacy = legacy_of(client, wire)
    off = client.jwt_settings.update(api_token_ttl_days=30, legacy_api_tokens_enabled=False)
    assert wire.status in (200, 201), wire.status
    assert (off.api_token_ttl_days, off.legacy_api_tokens_enabled) == (30, False), off
    assert off.api_tokens_enabled is True, "what was left out changed"
    refused(401, connect(legacy)[0].users.whoami)

    on = client.jwt_settings.update(
        api_token_ttl_days=settings.api_token_ttl_days, api_tokens_enabled=True, legacy_api_tokens_enabled=True
    )
    assert on.legacy_api_tokens_enabled is True and client.jwt_settings.get() == on, on
    connect(legacy)[0].users.whoami()
    refused_field("api_token_ttl_days", client.jwt_settings.update, api_token_ttl_days=0)


def others_do_not_set_which_tokens_are_let_in():
    client, _ = connect(ANNOTATOR)
    refused(403, client.jwt_settings.get)
    refused(403, client.jwt_settings.update, api_token_ttl_days=30, api_tokens_enabled=False)
    assert connect(OWNER)[0].jwt_settings.get().api_tokens_enabled is True


def who_brings_a_personal_token_cannot_see_the_legacy_one():
    client, _ = connect(OWNER)
    try:
        client.users.get_token()
    except ApiError as error:
        assert error.status_code == 404 and isinstance(error.body, dict), error
        return
    raise AssertionError("legacy tokens are not stored, and yet one was shown")


def legacy_of(client, wire):
    client.users.reset_token()
    return wire.last["token"]


run(
    a_personal_token_is_made_listed_and_revoked,
    a_token_is_revoked_by_what_the_list_shows_of_it,
    a_rotated_token_dies_and_its_successor_works,
    a_refresh_needs_no_other_proof_and_is_refused_in_json,
    nobody_revokes_the_token_of_somebody_else,
    the_legacy_token_is_told_and_can_be_reset,
    an_owner_sets_which_tokens_are_let_in,
    others_do_not_set_which_tokens_are_let_in,
    who_brings_a_personal_token_cannot_see_the_legacy_one,
)

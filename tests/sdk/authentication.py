"""How clients prove who they are, and what those are told who cannot."""

import time

import jwt
from label_studio_sdk import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from support import MANAGER, OWNER, OWNER_LEGACY, URL, connect, refused, run

NOBODY = "0123456789abcdef0123456789abcdef01234567"
REFRESH = "/api/token/refresh/"


def the_client_as_it_comes_is_let_in_with_either_token():
    for token in (OWNER, OWNER_LEGACY):
        for base_url in (URL, URL + "/"):
            me = LabelStudio(base_url=base_url, api_key=token).users.whoami()
            assert me.email == "mara@fennel.example", f"somebody else: {me}"


def a_personal_token_is_exchanged_once_and_shown_as_bearer():
    client, wire = connect(OWNER)
    for _ in range(3):
        client.users.whoami()
    assert wire.asked("POST", REFRESH) == 1, "the access token was not kept"
    refresh, whoami = wire.answers[0], wire.answers[1]
    assert refresh.status_code == 200, refresh.text
    assert set(refresh.json()) >= {"access"}, refresh.text
    assert whoami.request.headers["authorization"].startswith("Bearer "), "another scheme"


def an_access_token_says_what_it_is_and_how_long_it_lives():
    client, _ = connect(OWNER)
    access = client.tokens.refresh(refresh=OWNER).access
    claims = jwt.decode(access, options={"verify_signature": False})
    assert claims["token_type"] == "access", claims
    assert claims["exp"] - claims["iat"] == 300, claims
    assert isinstance(claims["user_id"], str) and claims["jti"], claims
    assert jwt.get_unverified_header(access)["alg"] == "HS256"
    # The client takes a token without a number there for an expired one.
    refresh = jwt.decode(OWNER, options={"verify_signature": False})
    assert refresh["token_type"] == "refresh" and refresh["exp"] > time.time(), refresh


def a_legacy_token_is_shown_as_it_is():
    client, wire = connect(OWNER_LEGACY)
    client.users.whoami()
    assert wire.asked("POST", REFRESH) == 0, "a legacy token was taken for a personal one"
    assert wire.answers[0].request.headers["authorization"] == f"Token {OWNER_LEGACY}"


def the_header_x_api_key_takes_either_token():
    for token in (OWNER, OWNER_LEGACY):
        client, wire = connect(NOBODY, headers={"X-API-Key": token})
        assert client.users.whoami().email == "mara@fennel.example"
        assert "authorization" not in wire.answers[-1].request.headers, "two proofs at once"


def who_cannot_prove_it_is_told_so_in_json():
    for token in (NOBODY, forged(OWNER)):
        client, wire = connect(token)
        started = time.monotonic()
        refused(401, client.users.whoami)
        assert time.monotonic() - started < 0.8, "the refusal was retried"
        assert wire.answers[-1].headers["www-authenticate"], "no word of how to authenticate"
    client, _ = connect(NOBODY, headers={"X-API-Key": NOBODY})
    refused(401, client.model_providers.list)


def a_personal_token_without_an_end_is_refused_by_the_client_itself():
    """The reason for the end of ours."""
    endless = jwt.encode({"token_type": "refresh", "jti": "x"}, "not our key, but long enough for it", "HS256")
    try:
        LabelStudio(base_url=URL, api_key=endless)
    except ApiError as error:
        assert error.status_code == 401
        return
    raise AssertionError("the client has changed: tokens without an end are let through")


def everybody_is_who_they_are():
    client, _ = connect(MANAGER)
    assert client.users.whoami().email == "jonas@fennel.example"


def forged(token):
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "not our key, but long enough for it", "HS256")


run(
    the_client_as_it_comes_is_let_in_with_either_token,
    a_personal_token_is_exchanged_once_and_shown_as_bearer,
    an_access_token_says_what_it_is_and_how_long_it_lives,
    a_legacy_token_is_shown_as_it_is,
    the_header_x_api_key_takes_either_token,
    who_cannot_prove_it_is_told_so_in_json,
    a_personal_token_without_an_end_is_refused_by_the_client_itself,
    everybody_is_who_they_are,
)

"""What is wrong with a connection: told in JSON, field by field, and never in a way that makes clients try again."""

from concurrent.futures import ThreadPoolExecutor

from label_studio_sdk.core.api_error import ApiError
from support import (
    ANNOTATOR,
    PROVIDERS,
    SECRETS,
    SINGLE,
    UNKNOWN_IDS,
    connect,
    quickly,
    refused,
    refused_field,
    remove_connections,
    run,
    unchanged,
)

PATH = "/api/model-provider-connections/"

client, wire = connect()


def a_second_connection_of_a_single_provider_is_refused_once_and_for_all():
    for provider in SINGLE:
        client.model_providers.create(provider=provider, **PROVIDERS[provider])
        before = wire.asked("POST", PATH)
        quickly(refused_field, "provider", client.model_providers.create, provider=provider, **PROVIDERS[provider])
        assert wire.asked("POST", PATH) == before + 1, "the client tried again"
    assert len(client.model_providers.list()) == len(SINGLE)


def simultaneous_connections_of_a_single_provider_leave_one():
    def connect_openai(_):
        other, others_wire = connect()
        try:
            return other.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"]).id
        except ApiError as error:
            assert error.status_code == 400, f"{error.status_code}: {error.body}"
            assert others_wire.asked("POST", PATH) == 1, "the client tried again"
            return None

    with ThreadPoolExecutor(4) as pool:
        made = [id for id in pool.map(connect_openai, range(4)) if id is not None]
    assert len(made) == 1, made
    assert [connection.id for connection in client.model_providers.list()] == made


def a_connection_does_not_become_a_second_one_of_a_single_provider():
    client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    gemini = client.model_providers.create(provider="Gemini", **PROVIDERS["Gemini"])
    refused_field("provider", client.model_providers.update, gemini.id, provider="OpenAI")
    unchanged(gemini, client.model_providers.get(gemini.id))


def what_a_provider_needs_is_asked_for():
    for provider, fields in PROVIDERS.items():
        for member in needed(provider):
            given = {name: value for name, value in fields.items() if name != member}
            refused_field(member, client.model_providers.create, provider=provider, **given)
            refused_field(member, client.model_providers.create, provider=provider, **given, **{member: None})
            refused_field(member, client.model_providers.create, provider=provider, **given, **{member: ""})
    assert client.model_providers.list() == []


def values_that_cannot_be_are_refused():
    azure = PROVIDERS["AzureOpenAI"]
    wrong = [
        ("provider", {"provider": "Nobody", "api_key": SECRETS[0]}),
        ("scope", {"provider": "OpenAI", "api_key": SECRETS[0], "scope": "Galaxy"}),
        ("budget_alert_threshold", {"provider": "OpenAI", "api_key": SECRETS[0], "budget_alert_threshold": "much"}),
        ("endpoint", {"provider": "AzureOpenAI", **azure, "endpoint": "not an address"}),
        ("endpoint", {"provider": "AzureOpenAI", **azure, "endpoint": "https://fennel.example/" + "x" * 512}),
        ("deployment_name", {"provider": "AzureOpenAI", **azure, "deployment_name": "x" * 513}),
        ("google_application_credentials", {"provider": "VertexAI", "google_application_credentials": "no JSON"}),
        (
            "cached_available_models",
            {"provider": "OpenAI", "api_key": SECRETS[0], "cached_available_models": "x" * 4097},
        ),
    ]
    for field, values in wrong:
        quickly(refused_field, field, client.model_providers.create, **values)
    assert client.model_providers.list() == []


def a_wrong_change_changes_nothing():
    made = client.model_providers.create(provider="AzureOpenAI", **PROVIDERS["AzureOpenAI"])
    for field, value in (("deployment_name", ""), ("endpoint", None), ("scope", "Galaxy"), ("provider", "Nobody")):
        refused_field(field, client.model_providers.update, made.id, **{field: value})
    unchanged(made, client.model_providers.get(made.id))


def connections_that_nobody_has_are_not_found():
    for unknown in UNKNOWN_IDS:
        refused(404, client.model_providers.get, unknown)
        refused(404, client.model_providers.update, unknown, api_key="sk-proj-S3cret")
        refused(404, client.model_providers.delete, unknown)


def an_annotator_connects_nothing():
    annotator, annotators_wire = connect(ANNOTATOR)
    body = refused(403, annotator.model_providers.create, provider="OpenAI", **PROVIDERS["OpenAI"])
    assert "permission" in body["detail"].lower(), body
    annotators_wire.says_nothing_of(SECRETS)


def no_error_told_a_secret():
    wire.says_nothing_of(SECRETS)
    assert sum(answer.status_code == 400 for answer in wire.answers) > 30, "the other checks used another client"


def needed(provider):
    if provider == "VertexAI":
        return ("google_application_credentials",)
    if provider == "Custom":
        return ("deployment_name", "endpoint")
    if provider in SINGLE:
        return ("api_key",)
    return ("deployment_name", "endpoint", "api_key")


run(
    a_second_connection_of_a_single_provider_is_refused_once_and_for_all,
    simultaneous_connections_of_a_single_provider_leave_one,
    a_connection_does_not_become_a_second_one_of_a_single_provider,
    what_a_provider_needs_is_asked_for,
    values_that_cannot_be_are_refused,
    a_wrong_change_changes_nothing,
    connections_that_nobody_has_are_not_found,
    an_annotator_connects_nothing,
    no_error_told_a_secret,
    before=lambda: remove_connections(client),
)

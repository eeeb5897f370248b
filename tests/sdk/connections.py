"""Model provider connections: what they hold, what is told of them, and how they change."""

from support import (
    MANAGER,
    PROVIDERS,
    SECRETS,
    connect,
    has_members,
    is_integer,
    is_moment,
    is_person,
    quickly,
    refused,
    remove_connections,
    run,
    unchanged,
)

MEMBERS = (
    "id provider scope organization created_by created_at updated_at deployment_name endpoint google_location "
    "google_project_id cached_available_models is_internal model_params budget_limit budget_total_spent "
    "budget_alert_threshold budget_reset_period budget_last_reset_date"
).split()

WRITE_ONLY = ("api_key", "auth_token", "google_application_credentials")

client, wire = connect()


def all_seven_providers_are_connected_without_a_call_to_them():
    organization = client.users.whoami().active_organization
    made = {}
    for provider, fields in PROVIDERS.items():
        connection = quickly(client.model_providers.create, provider=provider, **fields)
        assert wire.status == 201, wire.status
        has_all_members(wire.last)
        made[connection.id] = wire.last
        is_integer(connection.id, "id")
        assert connection.provider == provider, connection
        assert connection.scope == "Organization", f"not the default scope: {connection}"
        assert connection.is_internal is False, connection
        assert connection.organization == organization, connection
        assert isinstance(connection.model_params, dict), f"no object: {connection.model_params!r}"
        is_moment(connection.created_at, "created_at")
        is_moment(connection.updated_at, "updated_at")
        assert connection.created_by.email == "mara@fennel.example", connection.created_by
        for member in ("deployment_name", "endpoint", "google_project_id", "google_location"):
            found, sent = getattr(connection, member), fields.get(member)
            assert found == sent, f"{provider}: {member} is {found!r}, not {sent!r}"

    listed = client.model_providers.list(ordering="-created_at")
    assert isinstance(wire.last, list), f"no bare array: {wire.last}"
    assert {connection.id for connection in listed} == set(made) and len(listed) == len(PROVIDERS), listed
    for said in wire.last:
        assert same(made[said["id"]], said), f"the list says something else: {said}"
    for id, said in made.items():
        client.model_providers.get(id)
        assert same(said, wire.last), f"one by one it says something else: {wire.last}, not {said}"


def the_seven_providers_can_be_asked_for():
    choices = client.model_providers.list_model_provider_choices().provider_choices
    assert sorted(choices) == sorted(PROVIDERS), choices


def openai_is_the_provider_where_none_is_named():
    assert client.model_providers.create(api_key=PROVIDERS["OpenAI"]["api_key"]).provider == "OpenAI"


def azure_and_custom_are_connected_several_times():
    for provider in ("AzureOpenAI", "AzureAIFoundry", "Custom"):
        fields = PROVIDERS[provider]
        first = client.model_providers.create(provider=provider, **fields)
        second = client.model_providers.create(provider=provider, **{**fields, "deployment_name": "another"})
        assert first.id != second.id, "the same connection"


def a_custom_server_may_have_no_key():
    made = client.model_providers.create(
        provider="Custom", deployment_name="llama3.2", endpoint="https://llm.fennel.example/v1"
    )
    assert made.deployment_name == "llama3.2", made


def what_is_sent_beside_is_kept():
    made = client.model_providers.create(
        provider="AzureOpenAI",
        scope="Model",
        cached_available_models="gpt-5,gpt-5-mini",
        budget_alert_threshold=12.5,
        is_internal=True,
        **PROVIDERS["AzureOpenAI"],
    )
    assert made.scope == "Model" and made.is_internal is True, made
    assert made.cached_available_models == "gpt-5,gpt-5-mini", made
    assert type(wire.last["budget_alert_threshold"]) in (int, float), f"no number: {wire.last}"
    assert made.budget_alert_threshold == 12.5, made
    made = client.model_providers.update(made.id, scope="User", budget_alert_threshold=0.1)
    assert (made.scope, made.budget_alert_threshold) == ("User", 0.1), made


def an_update_changes_what_it_names_and_nothing_else():
    fields = {**PROVIDERS["Custom"], "cached_available_models": "a,b", "budget_alert_threshold": 5}
    made = client.model_providers.create(provider="Custom", **fields)
    before = wire.last

    client.model_providers.update(made.id)
    assert wire.answers[-1].request.content == b"{}", "the client has changed"
    assert wire.status == 200 and same(before, wire.last), f"{wire.last}, not {before}"

    client.model_providers.update(made.id, deployment_name="llama3.3")
    assert same({**before, "deployment_name": "llama3.3"}, wire.last), wire.last

    # None is sent as null; what is left out is not sent.
    client.model_providers.update(made.id, cached_available_models=None)
    now = {**before, "deployment_name": "llama3.3", "cached_available_models": None}
    assert same(now, wire.last), wire.last
    client.model_providers.update(made.id, budget_alert_threshold=None)
    assert same({**now, "budget_alert_threshold": None}, wire.last), wire.last

    last = wire.last
    client.model_providers.get(made.id)
    assert same(last, wire.last), f"it did not stay: {wire.last}"


def keys_are_replaced_and_removed():
    made = client.model_providers.create(provider="Custom", **PROVIDERS["Custom"])
    before = wire.last
    client.model_providers.update(made.id, api_key="S3cretSuccessorS3cretSuccessor")
    assert same(before, wire.last), wire.last
    client.model_providers.update(made.id, auth_token=None)
    client.model_providers.update(made.id, api_key=None)
    assert same(before, wire.last), wire.last
    wire.says_nothing_of(["S3cretSuccessorS3cretSuccessor"])


def members_that_are_not_known_or_not_writable_are_ignored():
    """Older clients send them, and clients send back what they read."""
    organization = client.users.whoami().active_organization
    extra = {
        "additional_body_parameters": {
            "id": 77,
            "organization": organization + 1000,
            "created_by": 1000,
            "created_at": "2020-01-01T00:00:00Z",
            "budget_total_spent": 3.5,
            "budget_last_reset_date": "2020-01-01T00:00:00Z",
            "model_params": {},
            "nonsense": {"a": [1]},
        }
    }
    made = client.model_providers.create(provider="OpenAI", api_key="sk-proj-S3cret", request_options=extra)
    assert made.organization == organization and made.created_at.year > 2020, made
    changed = client.model_providers.update(made.id, request_options=extra)
    assert (changed.id, changed.organization) == (made.id, organization), changed


def a_deleted_connection_is_gone_and_makes_room():
    made = client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    client.model_providers.delete(made.id)
    assert wire.status == 204, wire.status
    assert client.model_providers.list() == []
    for call in (client.model_providers.get, client.model_providers.update, client.model_providers.delete):
        refused(404, call, made.id)
    assert client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"]).id != made.id


def a_manager_sees_connections_and_changes_none():
    made = client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    manager, managers_wire = connect(MANAGER)
    assert [connection.id for connection in manager.model_providers.list()] == [made.id]
    unchanged(made, manager.model_providers.get(made.id))
    refused(403, manager.model_providers.create, provider="Gemini", **PROVIDERS["Gemini"])
    refused(403, manager.model_providers.update, made.id, api_key="sk-proj-S3cretOfTheManager")
    refused(403, manager.model_providers.delete, made.id)
    managers_wire.says_nothing_of(SECRETS + ["S3cretOfTheManager"])
    unchanged(made, client.model_providers.get(made.id))


def no_answer_told_a_secret():
    wire.says_nothing_of(SECRETS)
    assert len(wire.answers) > 50, "the other checks used another client"


def has_all_members(said):
    has_members(said, MEMBERS, "the connection")
    told = [member for member in WRITE_ONLY if member in said]
    assert not told, f"write-only members are told: {told}"
    is_person(said["created_by"], "created_by")
    for member in ("budget_limit", "budget_total_spent", "budget_alert_threshold"):
        assert said[member] is None or type(said[member]) in (int, float), f"{member} is no number: {said[member]!r}"


def same(before, now):
    """Equal in what the contract knows, but for the time of the change."""
    return all(before[member] == now[member] for member in MEMBERS if member != "updated_at")


run(
    all_seven_providers_are_connected_without_a_call_to_them,
    the_seven_providers_can_be_asked_for,
    openai_is_the_provider_where_none_is_named,
    azure_and_custom_are_connected_several_times,
    a_custom_server_may_have_no_key,
    what_is_sent_beside_is_kept,
    an_update_changes_what_it_names_and_nothing_else,
    keys_are_replaced_and_removed,
    members_that_are_not_known_or_not_writable_are_ignored,
    a_deleted_connection_is_gone_and_makes_room,
    a_manager_sees_connections_and_changes_none,
    no_answer_told_a_secret,
    before=lambda: remove_connections(client),
)

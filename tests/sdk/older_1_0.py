"""Version 1.0.20 of the client: no slash at the end of most paths, and members that are not writable any more.

It lists prompts and runs in another form, so those two calls are left out.
"""

from datetime import datetime, timezone

from support import (
    CHOICES_CONFIG,
    OWNER,
    OWNER_LEGACY,
    PROVIDERS,
    SECRETS,
    connect,
    has_members,
    is_moment,
    refused,
    refused_field,
    run,
    unchanged,
)

client, wire = connect()


def both_kinds_of_token_are_let_in():
    for token in (OWNER, OWNER_LEGACY):
        assert connect(token)[0].users.whoami().email == "mara@fennel.example"
    refused(401, connect("0123456789abcdef0123456789abcdef01234567")[0].users.whoami)
    client.versions.get()
    assert wire.last["edition"] == "Enterprise", wire.last


def tokens_and_settings_are_managed():
    made = client.tokens.create()
    assert made.token.rsplit(".", 1)[0] in [token.token for token in client.tokens.get()]
    assert client.tokens.refresh(refresh=made.token).access
    rotated = client.tokens.rotate(refresh=made.token)
    client.tokens.blacklist(refresh=rotated.refresh)
    refused(401, connect(rotated.refresh)[0].users.whoami)
    settings = client.jwt_settings.get()
    client.jwt_settings.create(
        api_tokens_enabled=True,
        legacy_api_tokens_enabled=True,
        api_token_ttl_days=settings.api_token_ttl_days,
    )
    assert client.jwt_settings.get() == settings


def connections_are_managed():
    azure = client.model_providers.create(
        provider="AzureOpenAI",
        organization=999_999,
        created_by=999_999,
        created_at=datetime(2020, 1, 1, tzinfo=timezone.utc),
        budget_limit=100.0,
        budget_reset_period="Monthly",
        budget_total_spent=7.0,
        budget_alert_threshold=12.5,
        **PROVIDERS["AzureOpenAI"],
    )
    assert azure.budget_alert_threshold == 12.5 and azure.organization != 999_999, azure
    assert azure.created_at.year > 2020 and not azure.budget_total_spent, azure
    is_moment(azure.created_at, "created_at")
    openai = client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    refused_field("provider", client.model_providers.create, provider="OpenAI", **PROVIDERS["OpenAI"])
    ids = {wire_id(connection) for connection in client.model_providers.list()}
    assert ids == {wire_id(azure), wire_id(openai)}, ids
    # This version sends the provider with every change.
    changed = client.model_providers.update(wire_id(azure), provider="AzureOpenAI", budget_alert_threshold=2.5)
    assert changed.budget_alert_threshold == 2.5, changed
    unchanged(changed, client.model_providers.get(wire_id(azure)))
    for id in ids:
        client.model_providers.delete(id)
        refused(404, client.model_providers.get, id)
    wire.says_nothing_of(SECRETS)


def prompts_and_versions_are_managed():
    project = client.projects.create(title="Older 1.0", label_config=CHOICES_CONFIG)
    fields = {"input_fields": ["text"], "output_classes": ["Positive", "Negative"]}
    client.prompts.create(
        title="Sentiment",
        organization=999_999,
        created_at=datetime(2020, 1, 1, tzinfo=timezone.utc),
        associated_projects=[project.id],
        **fields,
    )
    assert wire.status == 201 and wire.last["organization"] != 999_999, wire.last
    prompt = wire.last["id"]
    assert client.prompts.get(prompt).title == "Sentiment"
    assert client.prompts.update(prompt, title="Mood", **fields).title == "Mood"
    client.prompts.versions.create(
        prompt, title="First", prompt="Classify {text}", provider="OpenAI", provider_model_id="gpt-5"
    )
    has_members(wire.last, ("id", "title", "prompt", "parent_model"), "the version")
    version = wire.last["id"]
    assert [found.title for found in client.prompts.versions.list(prompt)] == ["First"]
    assert client.prompts.versions.update(prompt, version, title="New").title == "New"
    assert client.prompts.versions.get(prompt, version).title == "New"
    client.prompts.versions.delete(prompt, version)
    client.prompts.delete(prompt)
    refused(404, client.prompts.get, prompt)


def projects_are_listed_to_the_end():
    made = [client.projects.create(title=f"Listed {n}").id for n in range(3)]
    found = []
    for project in client.projects.list(page_size=2):
        found.append(project.id)
        assert len(found) < 50, "the pages never end"
    assert set(made) <= set(found) and len(found) == len(set(found)), found
    assert client.projects.get(made[0]).title == "Listed 0"


def wire_id(connection):
    """This version’s type does not know the id but keeps it."""
    return connection.id


run(
    both_kinds_of_token_are_let_in,
    tokens_and_settings_are_managed,
    connections_are_managed,
    prompts_and_versions_are_managed,
    projects_are_listed_to_the_end,
)

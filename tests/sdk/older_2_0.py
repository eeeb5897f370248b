"""Version 2.0.20 of the client. It has text for ids, and expects a bare array where prompts are now listed by page."""

from label_studio_sdk.core.api_error import ApiError
from support import (
    CHOICES_CONFIG,
    OWNER,
    OWNER_LEGACY,
    PROVIDERS,
    SECRETS,
    connect,
    is_moment,
    refused,
    refused_field,
    run,
    unchanged,
)

client, wire = connect()


def both_kinds_of_token_are_let_in():
    for token in (OWNER, OWNER_LEGACY):
        me = connect(token)[0].users.whoami()
        assert me.email == "mara@fennel.example" and me.organization_membership.role == "OW", me
    refused(401, connect("0123456789abcdef0123456789abcdef01234567")[0].users.whoami)
    assert client.versions.get().edition == "Enterprise"


def tokens_and_settings_are_managed():
    made = client.tokens.create()
    assert made.token.rsplit(".", 1)[0] in [token.token for token in client.tokens.list()]
    rotated = client.tokens.rotate(refresh=made.token)
    try:
        client.tokens.blacklist(refresh=rotated.refresh)
    except ApiError as error:
        # This version reads a body where there is none, also with Label Studio itself.
        assert error.status_code == 204, error
    refused(401, connect(rotated.refresh)[0].users.whoami)
    settings = client.jwt_settings.get()
    assert client.jwt_settings.update(api_token_ttl_days=settings.api_token_ttl_days) == settings


def connections_are_managed():
    for provider, fields in PROVIDERS.items():
        made = client.model_providers.create(provider=provider, **fields)
        assert made.provider == provider and made.organization, made
        is_moment(made.created_at, "created_at")
    listed = client.model_providers.list()
    assert len(listed) == len(PROVIDERS), listed
    refused_field("provider", client.model_providers.create, provider="OpenAI", **PROVIDERS["OpenAI"])
    custom = str(listed[-1].id if listed[-1].provider == "Custom" else listed[0].id)
    changed = client.model_providers.update(custom, budget_alert_threshold=2.5, cached_available_models=None)
    assert changed.budget_alert_threshold == 2.5, changed
    unchanged(changed, client.model_providers.get(custom))
    assert len(client.model_providers.list_model_provider_choices().provider_choices) == 7
    for connection in listed:
        client.model_providers.delete(str(connection.id))
    refused(404, client.model_providers.get, custom)
    wire.says_nothing_of(SECRETS)


def prompts_and_versions_are_managed():
    project = client.projects.create(title="Older 2.0", label_config=CHOICES_CONFIG)
    made = client.prompts.create(title="Sentiment", associated_projects=[project.id], output_classes=["a", "b"])
    assert made.associated_projects == [project.id], made
    prompt = made.id
    assert client.prompts.get(str(prompt)).associated_projects[0].title == "Older 2.0"
    assert client.prompts.update(str(prompt), description="New").description == "New"
    version = client.prompts.versions.create(
        prompt, title="First", prompt="Classify {text}", provider_model_id="gpt-5", provider="OpenAI"
    )
    assert client.prompts.versions.list(prompt) == [version]
    assert client.prompts.versions.update(prompt, version.id, title="New").title == "New"
    assert client.prompts.versions.get(prompt, version.id).title == "New"
    client.prompts.versions.get_default_version_name(str(prompt))
    client.prompts.versions.cost_estimate(prompt, version.id)
    assert client.prompts.runs.list(prompt, version.id) == []
    client.prompts.versions.delete(prompt, version.id)
    client.prompts.delete(str(prompt))
    refused(404, client.prompts.get, str(prompt))


def projects_are_listed_to_the_end():
    made = [client.projects.create(title=f"Listed {n}").id for n in range(3)]
    found = []
    for project in client.projects.list(page_size=2):
        found.append(project.id)
        assert len(found) < 50, "the pages never end"
    assert set(made) <= set(found) and len(found) == len(set(found)), found
    assert client.projects.get(made[0]).title == "Listed 0"
    assert client.prompts.compatible_projects(page_size=1).results is not None


run(
    both_kinds_of_token_are_let_in,
    tokens_and_settings_are_managed,
    connections_are_managed,
    prompts_and_versions_are_managed,
    projects_are_listed_to_the_end,
)

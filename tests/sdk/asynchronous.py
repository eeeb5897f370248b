"""The asynchronous client: every resource once, and several calls at a time."""

import asyncio

from label_studio_sdk.core.api_error import ApiError
from support import (
    CHOICES_CONFIG,
    OWNER_LEGACY,
    PROVIDERS,
    SECRETS,
    UNKNOWN_IDS,
    connect,
    connect_async,
    refused_async,
    remove_all,
    run,
    unchanged,
)


async def both_kinds_of_token_are_let_in():
    client, wire = connect_async()
    people = await asyncio.gather(*(client.users.whoami() for _ in range(4)))
    assert {me.email for me in people} == {"mara@fennel.example"}, people
    legacy, _ = connect_async(OWNER_LEGACY)
    assert (await legacy.users.whoami()).email == "mara@fennel.example"
    nobody, _ = connect_async("0123456789abcdef0123456789abcdef01234567")
    await refused_async(401, nobody.users.whoami())


async def tokens_and_settings_are_managed():
    client, _ = connect_async()
    made = await client.tokens.create()
    assert made.token.rsplit(".", 1)[0] in [token.token for token in await client.tokens.list()]
    rotated = await client.tokens.rotate(refresh=made.token)
    await client.tokens.blacklist(refresh=rotated.refresh)
    await refused_async(404, client.tokens.blacklist(refresh=rotated.refresh))
    settings = await client.jwt_settings.get()
    same = await client.jwt_settings.update(api_token_ttl_days=settings.api_token_ttl_days)
    assert same == settings, same
    assert (await client.versions.get()).edition == "Enterprise"


async def connections_are_managed():
    client, wire = connect_async()
    made = await asyncio.gather(
        *(client.model_providers.create(provider=provider, **fields) for provider, fields in PROVIDERS.items())
    )
    listed = await client.model_providers.list()
    assert {connection.id for connection in listed} == {connection.id for connection in made}, listed
    custom = made[-1]
    changed = await client.model_providers.update(custom.id, budget_alert_threshold=2.5)
    assert changed.budget_alert_threshold == 2.5, changed
    unchanged(changed, await client.model_providers.get(custom.id))
    choices = await client.model_providers.list_model_provider_choices()
    assert len(choices.provider_choices) == 7, choices
    await client.model_providers.delete(custom.id)
    await refused_async(404, client.model_providers.get(custom.id))
    for unknown in UNKNOWN_IDS:
        await refused_async(404, client.model_providers.get(unknown))
    wire.says_nothing_of(SECRETS)


async def simultaneous_connections_of_a_single_provider_leave_one():
    client, wire = connect_async()
    await client.users.whoami()
    calls = (client.model_providers.create(provider="Gemini", **PROVIDERS["Gemini"]) for _ in range(6))
    results = await asyncio.gather(*calls, return_exceptions=True)
    refusals = [result for result in results if isinstance(result, ApiError)]
    assert [error.status_code for error in refusals] == [400] * 5, results
    assert all("provider" in error.body["validation_errors"] for error in refusals), refusals
    assert wire.asked("POST", "/api/model-provider-connections/") == 6, "the client tried again"


async def prompts_and_versions_are_managed():
    client, _ = connect_async()
    project = await client.projects.create(title="Asynchronous", label_config=CHOICES_CONFIG)
    assert (await client.projects.get(project.id)).title == "Asynchronous"
    prompt = await client.prompts.create(title="Sentiment", associated_projects=[project.id])
    assert (await client.prompts.update(prompt.id, description="New")).description == "New"
    assert (await client.prompts.list(search="senti", page_size=1)).count == 1
    version = await client.prompts.versions.create(
        prompt.id, title="First", prompt="Classify {text}", provider_model_id="gpt-5"
    )
    assert await client.prompts.versions.list(prompt.id) == [version]
    assert (await client.prompts.versions.update(prompt.id, version.id, title="New")).title == "New"
    assert (await client.prompts.versions.get(prompt.id, version.id)).title == "New"
    assert (await client.prompts.versions.get_default_version_name(prompt.id)).default_model_version_name
    await client.prompts.versions.cost_estimate(prompt.id, version.id)
    assert await client.prompts.runs.list(prompt.id, version.id) == []
    compatible = await client.prompts.compatible_projects(title="Asynchronous")
    assert [found.id for found in compatible.results] == [project.id], compatible
    await client.prompts.versions.delete(prompt.id, version.id)
    await client.prompts.delete(prompt.id)
    await refused_async(404, client.prompts.get(prompt.id))


async def projects_are_listed_to_the_end():
    client, wire = connect_async()
    made = [(await client.projects.create(title=f"Listed {n}")).id for n in range(3)]
    found = []
    async for project in await client.projects.list(page_size=2):
        found.append(project.id)
        assert len(wire.answers) < 50, "the pages never end"
    assert set(made) <= set(found) and len(found) == len(set(found)), found


run(
    both_kinds_of_token_are_let_in,
    tokens_and_settings_are_managed,
    connections_are_managed,
    simultaneous_connections_of_a_single_provider_leave_one,
    prompts_and_versions_are_managed,
    projects_are_listed_to_the_end,
    before=lambda: remove_all(connect()[0]),
)

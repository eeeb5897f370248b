"""Versions of prompts, what they cost, and their runs."""

from support import (
    CHOICES_CONFIG,
    PROVIDERS,
    UNKNOWN_IDS,
    connect,
    has_members,
    is_integer,
    is_moment,
    is_person,
    quickly,
    refused,
    refused_field,
    refused_for_good,
    remove_all,
    run,
)

MEMBERS = (
    "id title prompt provider provider_model_id model_provider_connection parent_model organization created_by "
    "created_at updated_at model_display_name score max_few_shot_examples"
).split()

TEXT = 'Classify {text}; answer as {"sentiment": {"choice": "Positive"}} or {}. “Quotes”, ümlauts and 100 %.'

client, wire = connect()


def a_version_is_made_and_read_back():
    prompt = client.prompts.create(title="Sentiment")
    connection = client.model_providers.create(provider="Anthropic", **PROVIDERS["Anthropic"])
    made = client.prompts.versions.create(
        prompt.id,
        title="First",
        prompt=TEXT,
        provider="Anthropic",
        provider_model_id="claude-opus-4-5",
        model_provider_connection=connection.id,
        max_few_shot_examples=3,
    )
    assert wire.status == 201, wire.status
    said = wire.last
    has_members(said, MEMBERS, "the version")
    is_person(said["created_by"], "created_by")
    is_integer(made.id, "id")
    assert (made.title, made.prompt, made.provider) == ("First", TEXT, "Anthropic"), made
    assert (made.provider_model_id, made.max_few_shot_examples) == ("claude-opus-4-5", 3), made
    assert (made.parent_model, made.model_provider_connection) == (prompt.id, connection.id), made
    assert made.organization == prompt.organization and made.score is None, made
    assert isinstance(made.model_display_name, str) and made.model_display_name, made
    is_moment(made.created_at, "created_at")
    is_moment(made.updated_at, "updated_at")

    client.prompts.versions.get(prompt.id, made.id)
    assert wire.last == said, f"{wire.last}, not {said}"
    client.prompts.versions.list(prompt.id, ordering="-created_at")
    assert wire.last == [said], f"no bare array of it: {wire.last}"
    assert client.prompts.get(prompt.id).versions_count == 1


def a_version_needs_a_title_a_text_and_a_model():
    prompt = client.prompts.create(title="Sentiment")
    made = version_of(prompt)
    assert made.provider == "OpenAI", f"not the default provider: {made}"
    assert made.model_provider_connection is None and made.max_few_shot_examples in (None, 0), made
    for name, value in (
        ("title", ""),
        ("title", "x" * 501),
        ("prompt", ""),
        ("prompt", None),
        ("provider_model_id", ""),
        ("provider_model_id", "x" * 256),
        ("provider", "Nobody"),
        ("max_few_shot_examples", -1),
        ("model_provider_connection", 999_999),
    ):
        refused_field(name, version_of, prompt, **{name: value})
        refused_field(name, client.prompts.versions.update, prompt.id, made.id, **{name: value})
    assert client.prompts.versions.list(prompt.id) == [made]


def any_model_may_be_named():
    prompt = client.prompts.create(title="Sentiment")
    for model in ("gpt-99-preview", "org/model:latest", "gpt 5"):
        assert version_of(prompt, provider_model_id=model).provider_model_id == model


def an_update_changes_what_it_names_and_nothing_else():
    prompt = client.prompts.create(title="Sentiment")
    connection = client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    made = version_of(prompt, model_provider_connection=connection.id, max_few_shot_examples=2)
    before = wire.last

    client.prompts.versions.update(prompt.id, made.id)
    assert wire.status == 200 and same(before, wire.last), f"{wire.last}, not {before}"

    client.prompts.versions.update(prompt.id, made.id, prompt="Say {text}.", max_few_shot_examples=0)
    now = {**before, "prompt": "Say {text}.", "max_few_shot_examples": 0}
    assert same(now, wire.last), wire.last

    # None is sent as null.
    client.prompts.versions.update(prompt.id, made.id, model_provider_connection=None, max_few_shot_examples=None)
    now = {**now, "model_provider_connection": None, "max_few_shot_examples": None}
    assert same(now, wire.last), wire.last
    client.prompts.versions.get(prompt.id, made.id)
    assert same(now, wire.last), f"it did not stay: {wire.last}"


def a_version_stays_with_its_prompt():
    prompt, other = client.prompts.create(title="Sentiment"), client.prompts.create(title="Names")
    made = version_of(prompt, organization=prompt.organization + 1000)
    assert made.organization == prompt.organization, made
    for call in (
        client.prompts.versions.get,
        client.prompts.versions.update,
        client.prompts.versions.delete,
        client.prompts.versions.cost_estimate,
        client.prompts.runs.list,
    ):
        refused(404, call, other.id, made.id)
    assert client.prompts.versions.list(other.id) == []


def a_deleted_connection_leaves_its_versions():
    prompt = client.prompts.create(title="Sentiment")
    connection = client.model_providers.create(provider="OpenAI", **PROVIDERS["OpenAI"])
    made = version_of(prompt, model_provider_connection=connection.id)
    client.model_providers.delete(connection.id)
    left = client.prompts.versions.get(prompt.id, made.id)
    assert left.model_provider_connection is None and left.provider == "OpenAI", left


def a_deleted_version_is_gone_and_a_deleted_prompt_takes_its_versions_along():
    prompt = client.prompts.create(title="Sentiment")
    first, second = version_of(prompt), version_of(prompt, title="Second")
    client.prompts.versions.delete(prompt.id, first.id)
    assert wire.status == 204, wire.status
    refused(404, client.prompts.versions.get, prompt.id, first.id)
    refused(404, client.prompts.versions.delete, prompt.id, first.id)
    assert client.prompts.versions.list(prompt.id) == [second]
    client.prompts.delete(prompt.id)
    refused(404, client.prompts.versions.get, prompt.id, second.id)
    refused(404, client.prompts.versions.list, prompt.id)


def a_name_for_the_next_version_is_proposed():
    prompt = client.prompts.create(title="Sentiment")
    names = []
    for _ in range(3):
        answer = client.prompts.versions.get_default_version_name(prompt.id)
        has_members(wire.last, ("default_model_version_name",), "the proposal")
        name = answer.default_model_version_name
        assert isinstance(name, str) and name, answer
        assert name not in names, f"{name} is taken"
        names.append(name)
        version_of(prompt, title=name)


def a_cost_is_estimated_or_the_reason_told():
    prompt = client.prompts.create(title="Sentiment")
    for model in ("gpt-5", "a-model-that-nobody-knows"):
        estimate = quickly(client.prompts.versions.cost_estimate, prompt.id, version_of(prompt, provider_model_id=model).id)
        assert wire.status == 200, wire.status
        if estimate.is_error:
            assert estimate.error_type and estimate.error_message, estimate
            continue
        has_members(wire.last, ("prompt_cost_usd", "completion_cost_usd", "total_cost_usd"), "the estimate")
        for name in ("prompt_cost_usd", "completion_cost_usd", "total_cost_usd"):
            cost = wire.last[name]
            assert cost is None or (isinstance(cost, str) and float(cost) >= 0), f"{name} is no decimal: {cost!r}"


def nothing_has_run():
    prompt = client.prompts.create(title="Sentiment")
    made = version_of(prompt)
    assert client.prompts.runs.list(prompt.id, made.id) == []
    assert wire.last == [], wire.last
    assert client.prompts.runs.list(prompt.id, made.id, ordering="id", project=1, project_subset="All") == []


def what_would_run_a_prompt_is_refused_for_good():
    project = client.projects.create(title="Reviews of irons", label_config=CHOICES_CONFIG)
    prompt = client.prompts.create(title="Sentiment", associated_projects=[project.id])
    made = version_of(prompt)
    started = len(wire.answers)
    quickly(refused_for_good, client.prompts.runs.create, prompt.id, made.id, project=project.id)
    quickly(refused_for_good, client.prompts.runs.cancel, prompt.id, made.id, 1)
    quickly(
        refused_for_good,
        client.prompts.versions.refine_prompt,
        prompt.id,
        made.id,
        project_id=project.id,
        teacher_model_name="gpt-5",
        teacher_model_provider_connection_id=1,
    )
    assert len(wire.answers) == started + 3, "the client tried again"


def what_nobody_has_is_not_found():
    prompt = client.prompts.create(title="Sentiment")
    for unknown in UNKNOWN_IDS:
        refused(404, client.prompts.versions.list, unknown)
        refused(404, client.prompts.versions.create, unknown, title="A", prompt="B", provider_model_id="C")
        refused(404, client.prompts.versions.get_default_version_name, unknown)
        refused(404, client.prompts.versions.get, prompt.id, unknown)
        refused(404, client.prompts.versions.update, prompt.id, unknown, title="A")
        refused(404, client.prompts.versions.delete, prompt.id, unknown)
        refused(404, client.prompts.versions.cost_estimate, prompt.id, unknown)
        refused(404, client.prompts.runs.list, prompt.id, unknown)


def version_of(parent, /, **more):
    fields = {"title": "First", "prompt": TEXT, "provider_model_id": "gpt-5", **more}
    return client.prompts.versions.create(parent.id, **fields)


def same(before, now):
    """Equal, but for the time of the change."""
    return all(before[member] == now[member] for member in MEMBERS if member != "updated_at")


run(
    a_version_is_made_and_read_back,
    a_version_needs_a_title_a_text_and_a_model,
    any_model_may_be_named,
    an_update_changes_what_it_names_and_nothing_else,
    a_version_stays_with_its_prompt,
    a_deleted_connection_leaves_its_versions,
    a_deleted_version_is_gone_and_a_deleted_prompt_takes_its_versions_along,
    a_name_for_the_next_version_is_proposed,
    a_cost_is_estimated_or_the_reason_told,
    nothing_has_run,
    what_would_run_a_prompt_is_refused_for_good,
    what_nobody_has_is_not_found,
    before=lambda: remove_all(client),
)

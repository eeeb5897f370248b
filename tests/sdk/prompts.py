"""Prompts: what they hold, how they change, and how they are listed."""

from label_studio_sdk.core.api_error import ApiError
from support import (
    ANNOTATOR,
    CHOICES_CONFIG,
    MANAGER,
    UNKNOWN_IDS,
    connect,
    has_members,
    is_integer,
    is_moment,
    is_person,
    refused,
    refused_field,
    remove_all,
    run,
)

MEMBERS = (
    "id title description associated_projects skill_name input_fields output_classes organization created_by "
    "created_at updated_at"
).split()
MEMBERS_TO_GET = MEMBERS + ["runs_count", "versions_count", "best_score"]

client, wire = connect()


def a_prompt_needs_no_more_than_a_title():
    made = client.prompts.create(title="Sentiment")
    assert wire.status == 201, wire.status
    has_members(wire.last, MEMBERS, "the prompt")
    is_person(wire.last["created_by"], "created_by")
    is_integer(made.id, "id")
    assert made.title == "Sentiment" and made.associated_projects == [], made
    assert made.organization == client.users.whoami().active_organization, made
    is_moment(made.created_at, "created_at")
    is_moment(made.updated_at, "updated_at")
    assert made.created_by.username == "mara@fennel.example", made.created_by


def what_is_sent_is_kept():
    project = client.projects.create(title="Reviews of toasters", label_config=CHOICES_CONFIG)
    fields = {
        "title": "Sentiment of reviews",
        "description": "Finds out how “angry” people are.",
        "skill_name": "TextClassification",
        "input_fields": ["text"],
        "output_classes": ["Positive", "Negative"],
    }
    made = client.prompts.create(**fields, associated_projects=[project.id])
    assert made.associated_projects == [project.id], made
    for name, value in fields.items():
        assert getattr(made, name) == value, f"{name} is {getattr(made, name)!r}"

    got = client.prompts.get(made.id)
    has_members(wire.last, MEMBERS_TO_GET, "the prompt")
    assert wire.last["associated_projects"] == [{"id": project.id, "title": "Reviews of toasters"}], wire.last
    assert (got.runs_count, got.versions_count, got.best_score) == (0, 0, None), got
    for name, value in fields.items():
        assert getattr(got, name) == value, f"{name} is {getattr(got, name)!r}"


def an_update_changes_what_it_names_and_nothing_else():
    project = client.projects.create(title="Reviews of kettles", label_config=CHOICES_CONFIG)
    made = client.prompts.create(title="Sentiment", description="Old", associated_projects=[project.id])
    before = wire.last

    client.prompts.update(made.id)
    assert wire.status == 200 and same(before, wire.last), f"{wire.last}, not {before}"
    has_members(wire.last, MEMBERS, "the prompt")

    client.prompts.update(made.id, title="Mood")
    assert same({**before, "title": "Mood"}, wire.last), wire.last

    client.prompts.update(made.id, associated_projects=[], skill_name="NamedEntityRecognition")
    now = {**before, "title": "Mood", "associated_projects": [], "skill_name": "NamedEntityRecognition"}
    assert same(now, wire.last), wire.last

    # None is sent as null.
    assert not client.prompts.update(made.id, description=None).description, wire.last
    assert client.prompts.get(made.id).title == "Mood"


def members_that_are_not_writable_are_ignored():
    organization = client.users.whoami().active_organization
    made = client.prompts.create(
        title="Sentiment",
        organization=organization + 1000,
        created_by={"username": "nobody@fennel.example"},
        request_options={"additional_body_parameters": {"id": 77, "nonsense": [1], "created_at": "2020-01-01"}},
    )
    assert made.organization == organization and made.created_by.username == "mara@fennel.example", made
    client.prompts.update(made.id, organization=organization + 1000, created_by={"username": "nobody"})
    assert wire.last["organization"] == organization, wire.last


def a_deleted_prompt_is_gone():
    made = client.prompts.create(title="Sentiment")
    client.prompts.delete(made.id)
    assert wire.status == 204, wire.status
    for call in (client.prompts.get, client.prompts.update, client.prompts.delete):
        refused(404, call, made.id)
    assert client.prompts.list().count == 0


def pages_have_everything_once_and_end():
    made = [client.prompts.create(title=f"Prompt {n}").id for n in range(5)]
    seen, page = [], 1
    while True:
        assert page <= 5, "the pages never end"
        # Past the last page both an error and an empty page are an end for these clients.
        if page == 4:
            ends(page)
            break
        found = client.prompts.list(page=page, page_size=2)
        has_members(wire.last, ("count", "next", "previous", "results"), "the page")
        assert found.count == 5, found.count
        assert (found.next is None) == (page == 3), f"page {page} goes on at {found.next}"
        assert (found.previous is None) == (page == 1), f"page {page} comes from {found.previous}"
        assert len(found.results) == (1 if page == 3 else 2), found.results
        seen += [prompt.id for prompt in found.results]
        page += 1
    assert sorted(seen) == made, f"{seen}, not {made}"
    for prompt in client.prompts.list().results:
        assert prompt.versions_count == 0, prompt
    for prompt in wire.last["results"]:
        has_members(prompt, MEMBERS_TO_GET, "the prompt in a list")


def an_empty_list_has_one_empty_page():
    found = client.prompts.list()
    assert (found.count, found.results, found.next, found.previous) == (0, [], None, None), found


def prompts_are_found_by_their_titles():
    for title in ("Sentiment of reviews", "Names in letters", "Moods & sentiments"):
        client.prompts.create(title=title)
    assert titles(search="sentiment") == {"Sentiment of reviews", "Moods & sentiments"}
    assert titles(search="LETTERS") == {"Names in letters"}
    assert titles(search="% of") == set(), "a wildcard of the database"
    assert titles(search="nothing like it") == set()
    assert client.prompts.list(search="sentiment", page_size=1).count == 2


def prompts_are_ordered():
    made = [client.prompts.create(title=title).id for title in ("b", "c", "a")]
    order = {
        "title": [made[2], made[0], made[1]],
        "-title": [made[1], made[0], made[2]],
        "created_at": made,
        "-created_at": made[::-1],
    }
    for ordering, expected in order.items():
        found = [prompt.id for prompt in client.prompts.list(ordering=ordering).results]
        assert found == expected, f"by {ordering}: {found}, not {expected}"
    # What it cannot order by is ignored.
    assert client.prompts.list(ordering="-nonsense").count == 3


def values_that_cannot_be_are_refused():
    assert client.prompts.create(title="x" * 500).title == "x" * 500
    for title in ("", "x" * 501, None):
        refused_field("title", client.prompts.create, title=title)
    wrong = {
        "associated_projects": [999_999],
        "skill_name": "Clairvoyance",
        "input_fields": [],
        "output_classes": [],
    }
    for name, value in wrong.items():
        refused_field(name, client.prompts.create, title="Wrong", **{name: value})
    made = client.prompts.create(title="Right")
    for name, value in {**wrong, "title": ""}.items():
        refused_field(name, client.prompts.update, made.id, **{name: value})
    assert client.prompts.get(made.id).title == "Right"


def prompts_that_nobody_has_are_not_found():
    for unknown in UNKNOWN_IDS:
        refused(404, client.prompts.get, unknown)
        refused(404, client.prompts.update, unknown, title="Any")
        refused(404, client.prompts.delete, unknown)


def managers_make_prompts_and_annotators_do_not():
    manager, _ = connect(MANAGER)
    made = manager.prompts.create(title="A manager’s")
    assert made.created_by.username == "jonas@fennel.example", made.created_by
    manager.prompts.delete(made.id)
    annotator, _ = connect(ANNOTATOR)
    refused(403, annotator.prompts.create, title="An annotator’s")


def titles(**asked):
    return {prompt.title for prompt in client.prompts.list(**asked).results}


def ends(page):
    try:
        found = client.prompts.list(page=page, page_size=2)
    except ApiError as error:
        assert error.status_code == 404, error
        return
    assert found.results == [], f"the pages go on: {found}"


def same(before, now):
    """Equal, but for the time of the change."""
    return all(before[member] == now[member] for member in MEMBERS if member != "updated_at")


run(
    a_prompt_needs_no_more_than_a_title,
    what_is_sent_is_kept,
    an_update_changes_what_it_names_and_nothing_else,
    members_that_are_not_writable_are_ignored,
    a_deleted_prompt_is_gone,
    pages_have_everything_once_and_end,
    an_empty_list_has_one_empty_page,
    prompts_are_found_by_their_titles,
    prompts_are_ordered,
    values_that_cannot_be_are_refused,
    prompts_that_nobody_has_are_not_found,
    managers_make_prompts_and_annotators_do_not,
    before=lambda: remove_all(client),
)

"""Projects: made, listed page after page, and those that prompts can be for."""

from support import (
    CHOICES_CONFIG,
    UNKNOWN_IDS,
    connect,
    has_members,
    is_integer,
    is_moment,
    is_person,
    refused,
    refused_field,
    run,
)

MEMBERS = (
    "id title description label_config organization color created_by created_at is_published is_draft task_number "
    "total_annotations_number total_predictions_number parsed_label_config"
).split()

# More than this many requests for a list, and its pages never end.
MOST_PAGES = 50

client, wire = connect()


def a_project_is_made_and_read_back():
    made = client.projects.create(title="Reviews of toasters", description="Angry ones", label_config=CHOICES_CONFIG)
    assert wire.status == 201, wire.status
    is_integer(made.id, "id")
    assert (made.title, made.description) == ("Reviews of toasters", "Angry ones"), made

    got = client.projects.get(made.id)
    has_members(wire.last, MEMBERS, "the project")
    is_person(wire.last["created_by"], "created_by")
    assert got.organization == client.users.whoami().active_organization, got
    assert got.label_config == CHOICES_CONFIG, got.label_config
    is_moment(got.created_at, "created_at")
    # What the client itself makes of the labelling configuration.
    assert set(list(got.get_label_interface().controls)[0].labels) == {"Positive", "Negative"}


def the_labelling_configuration_is_taken_apart():
    made = client.projects.create(title="Reviews of kettles", label_config=CHOICES_CONFIG)
    client.projects.get(made.id)
    control = wire.last["parsed_label_config"]["sentiment"]
    assert control["type"] == "Choices" and control["to_name"] == ["text"], control
    assert control["labels"] == ["Positive", "Negative"], control
    assert [(tag["type"], tag["value"]) for tag in control["inputs"]] == [("Text", "text")], control


def titles_have_3_to_50_characters():
    for title in ("ab", "x" * 51):
        refused_field("title", client.projects.create, title=title, label_config=CHOICES_CONFIG)
    for title in ("abc", "x" * 50):
        assert client.projects.create(title=title).title == title
    refused_field("label_config", client.projects.create, title="Broken", label_config="<View><Text")


def the_list_has_every_project_once_and_ends():
    before = {project.id for project in all_of(client.projects.list())}
    made = {client.projects.create(title=f"Project {n}", label_config=CHOICES_CONFIG).id for n in range(5)}
    for page_size in (1, 2, 5, 100):
        asked = wire.asked("GET", "/api/projects/")
        found = [project.id for project in all_of(client.projects.list(page_size=page_size))]
        assert len(found) == len(set(found)), f"listed twice, {page_size} a page: {found}"
        assert set(found) == before | made, f"{page_size} a page: {found}"
        pages = -(-len(found) // page_size)
        assert wire.asked("GET", "/api/projects/") - asked <= pages + 1, "it asked on after the end"
    first = client.projects.list(page_size=2)
    has_members(wire.last, ("count", "next", "previous", "results"), "the page")
    assert wire.last["count"] == len(before | made), wire.last["count"]
    has_members(wire.last["results"][0], MEMBERS, "the project in a list")
    assert first.has_next, "the client has changed: it looks for an end"


def the_list_can_be_narrowed():
    made = {title: client.projects.create(title=title).id for title in ("Narrow Alpha", "Narrow Beta")}
    assert ids(title="narrow alpha") == [made["Narrow Alpha"]]
    assert sorted(ids(title="Narrow")) == sorted(made.values())
    assert ids(ids=str(made["Narrow Beta"])) == [made["Narrow Beta"]]
    assert ids(title="nothing like it") == []


def projects_that_nobody_has_are_not_found():
    for unknown in UNKNOWN_IDS:
        refused(404, client.projects.get, unknown)


def prompts_can_be_for_projects_that_ask_for_choices_about_a_text():
    made = [client.projects.create(title=f"Compatible {n}", label_config=CHOICES_CONFIG).id for n in range(3)]
    found = client.prompts.compatible_projects(page_size=100)
    has_members(wire.last, ("count", "next", "previous", "results"), "the page")
    assert set(made) <= {project.id for project in found.results}, f"{made} are not all among them"
    assert found.count >= 3, found.count
    for project in wire.last["results"]:
        has_members(project, ("id", "title", "label_config", "parsed_label_config"), "the project")

    first = client.prompts.compatible_projects(page=1, page_size=2, ordering="id")
    second = client.prompts.compatible_projects(page=2, page_size=2, ordering="id")
    assert len(first.results) == 2 and second.results, (first, second)
    assert not {p.id for p in first.results} & {p.id for p in second.results}, "the pages overlap"
    assert [p.id for p in client.prompts.compatible_projects(title="Compatible 1").results] == [made[1]]
    assert made[0] in {p.id for p in client.prompts.compatible_projects(project_type="TextClassification").results}


def ids(**asked):
    return [project.id for project in all_of(client.projects.list(**asked))]


def all_of(pager):
    """Everything that the client lists; the client itself never looks for an end."""
    found = []
    asked = len(wire.answers)
    for project in pager:
        found.append(project)
        assert len(wire.answers) - asked < MOST_PAGES, "the pages never end"
    return found


run(
    a_project_is_made_and_read_back,
    the_labelling_configuration_is_taken_apart,
    titles_have_3_to_50_characters,
    the_list_has_every_project_once_and_ends,
    the_list_can_be_narrowed,
    projects_that_nobody_has_are_not_found,
    prompts_can_be_for_projects_that_ask_for_choices_about_a_text,
)

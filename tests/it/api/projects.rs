//! Projects, as programs written for Label Studio’s API manage them.

use claviger::domain::api_token::ApiScope;
use claviger::domain::role::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::program::Program;

/// A labeling configuration that a prompt can answer.
pub const SENTIMENT: &str = r#"<View><Text name="text" value="$text"/>
<Choices name="sent" toName="text"><Choice value="Pos"/><Choice value="Neg"/></Choices></View>"#;

/// One that none can.
const BOXES: &str = r#"<View><Image name="i" value="$i"/><RectangleLabels name="r" toName="i"><Label value="Car"/></RectangleLabels></View>"#;

/// Makes a project and answers its id.
pub async fn project(program: &mut Program, title: &str) -> i64 {
    let reply = program.post("/api/projects/", json!({ "title": title, "label_config": SENTIMENT })).await;
    reply.is(201).json()["id"].as_i64().expect("an id")
}

/// What is wrong with a member.
#[track_caller]
pub fn wrong(reply: &Reply, member: &str) -> String {
    let body = reply.is(400).json();
    assert_eq!(body["detail"], "Validation error", "{reply}");
    body["validation_errors"][member][0]
        .as_str()
        .unwrap_or_else(|| panic!("no word about {member} in {reply}"))
        .to_owned()
}

/// The titles on a page.
#[track_caller]
pub fn titles(reply: &Reply) -> Vec<String> {
    let results = reply.is(200).json()["results"].as_array().expect("a page").clone();
    results.iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

#[actix_web::test]
async fn a_project_is_made_read_changed_and_deleted() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Manager).await;
    let made = program.post("/api/projects/", json!({ "title": " Reviews ", "label_config": SENTIMENT })).await;
    let project = made.is(201).json();
    assert_eq!((&project["title"], &project["description"]), (&json!("Reviews"), &Value::Null));
    assert_eq!(project["created_by"]["email"], "jonas@fennel.example");
    assert_eq!(
        project["parsed_label_config"],
        json!({"sent": {
            "type": "Choices", "to_name": ["text"], "labels": ["Pos", "Neg"],
            "labels_attrs": {"Pos": {"value": "Pos"}, "Neg": {"value": "Neg"}},
            "inputs": [{"type": "Text", "valueType": null, "value": "text"}],
        }})
    );
    assert_eq!((&project["task_number"], &project["config_has_control_tags"]), (&json!(0), &json!(true)));
    let path = format!("/api/projects/{}", project["id"]);
    assert_eq!(program.get(&path).await.is(200).json(), project);
    assert_eq!(program.get(&format!("{path}/")).await.is(200).json(), project);
    assert_eq!(program.get(&format!("{path}/subsets")).await.is(200).json()[0], json!({ "subset": "All", "count": 0 }));

    let change =
        json!({ "description": "Of books", "id": 99, "organization": 99, "created_by": null, "nonsense": [1] });
    let changed = program.patch(&format!("{path}/"), change).await.is(200).json();
    assert_eq!((&changed["description"], &changed["title"]), (&json!("Of books"), &json!("Reviews")));
    assert_eq!((&changed["id"], &changed["organization"]), (&project["id"], &project["organization"]));
    let cleared = program.patch(&path, json!({ "description": null })).await.is(200).json();
    assert_eq!(cleared["description"], Value::Null);
    program.delete(&format!("{path}/")).await.is(204);
    program.get(&path).await.is(404);
    program.delete(&path).await.is(404);
    let acts = app.number("SELECT COUNT(*) FROM audit_log WHERE act LIKE 'project.%'").await;
    assert_eq!(acts, 4);
}

#[actix_web::test]
async fn what_is_wrong_with_a_project_is_said_member_by_member() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let path = format!("/api/projects/{}/", project(&mut program, "Reviews").await);
    for title in ["ab", " ab ", &"é".repeat(51), "a\nbc"] {
        wrong(&program.post("/api/projects/", json!({ "title": title })).await, "title");
        wrong(&program.patch(&path, json!({ "title": title })).await, "title");
    }
    assert_eq!(wrong(&program.post_nothing("/api/projects/").await, "title"), "This field is required.");
    assert_eq!(wrong(&program.patch(&path, json!({ "title": null })).await, "title"), "This field may not be null.");
    program.patch(&path, json!({ "title": "é".repeat(50) })).await.is(200);
    let entities = r#"<!DOCTYPE v [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><View>&b;</View>"#;
    let external = r#"<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>"#;
    for xml in ["", "View", "<View>", "<View></Viev>", "<View/><View/>", entities, external] {
        wrong(
            &program.post("/api/projects/", json!({ "title": "Reviews", "label_config": xml })).await,
            "label_config",
        );
        wrong(&program.patch(&path, json!({ "label_config": xml })).await, "label_config");
    }
    let both = program.post("/api/projects/", json!({ "title": "a", "label_config": "<" })).await;
    assert_ne!(wrong(&both, "title"), wrong(&both, "label_config"));
    program.post("/api/projects/", json!({ "title": "a\u{0}bc" })).await.is(400);
    program.post("/api/projects/", json!({ "title": "abc", "other": [{ "a\u{0}": 1 }] })).await.is(400);
    assert_eq!(app.number("SELECT COUNT(*) FROM projects").await, 1);
}

#[actix_web::test]
async fn prompts_can_be_written_for_projects_with_a_control_that_models_fill() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let id = project(&mut program, "Reviews").await;
    program.post("/api/projects/", json!({ "title": "Boxes", "label_config": BOXES })).await.is(201);
    let empty = program.post("/api/projects/", json!({ "title": "Empty" })).await.is(201).json();
    assert_eq!((&empty["label_config"], &empty["config_has_control_tags"]), (&json!("<View></View>"), &json!(false)));
    let compatible = "/api/prompts/compatible-projects";
    assert_eq!(titles(&program.get(compatible).await), ["Reviews"]);
    assert_eq!(titles(&program.get("/api/projects/").await), ["Empty", "Boxes", "Reviews"]);
    program.patch(&format!("/api/projects/{id}"), json!({ "label_config": BOXES })).await.is(200);
    assert!(titles(&program.get(&format!("{compatible}/?page=1&project_type=x&archived=false")).await).is_empty());
    program.get(&format!("{compatible}?page=2")).await.is(404);
}

#[actix_web::test]
async fn a_list_is_searched_ordered_and_paged_to_its_end() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let empty = program.get("/api/projects/?page=1").await.is(200).json();
    assert_eq!(empty, json!({ "count": 0, "next": null, "previous": null, "results": [] }));
    for title in ["Émile", "Cars 100%", "Cars_A", "Birds"] {
        project(&mut program, title).await;
    }
    program.patch("/api/projects/1", json!({ "description": "Novels of the 18th century" })).await.is(200);
    for (query, expected) in [
        ("ordering=title&page_size=2&page=1", &["Birds", "Cars 100%"][..]),
        ("ordering=-id&page_size=3&page=2", &["Émile"]),
        ("ordering=id", &["Émile", "Cars 100%", "Cars_A", "Birds"]),
        ("ordering=password,-title;DROP&page_size=1", &["Birds"]),
        ("search=%C3%A9MILE", &["Émile"]),
        ("search=novels+%C3%A9mile", &["Émile"]),
        ("search=novels+birds", &[]),
        ("search=100%25", &["Cars 100%"]),
        ("search=s_", &["Cars_A"]),
        ("search=%00", &["Birds", "Cars_A", "Cars 100%", "Émile"]),
        ("ids=1,4,99", &["Birds", "Émile"]),
    ] {
        assert_eq!(titles(&program.get(&format!("/api/projects/?{query}")).await), expected, "{query}");
    }
    let last = program.get("/api/projects?page_size=2&page=2&search=a").await;
    let last = last.is(404);
    assert_eq!(last.json()["detail"], "Invalid page.");
    let first = program.get("/api/projects/?search=s&page_size=2").await.is(200).json();
    assert_eq!(first["count"], 4);
    let next = first["next"].as_str().expect("an address");
    assert_eq!(next, format!("{}/api/projects/?search=s&page_size=2&page=2", app.origin));
    let second = program.get(next.strip_prefix(&app.origin).expect("an absolute address")).await.is(200).json();
    assert_eq!((&second["next"], second["results"].as_array().map(Vec::len)), (&Value::Null, Some(2)));
    for page in ["3", "0", "-1", "x", "9223372036854775807", "99999999999999999999999"] {
        program.get(&format!("/api/projects/?page_size=2&page={page}")).await.is(404);
    }
}

#[actix_web::test]
async fn reading_and_changing_take_the_rights_to_prompts() {
    let app = TestApp::spawn().await;
    let mut owner = app.program_of(Role::Owner).await;
    let path = format!("/api/projects/{}", project(&mut owner, "Reviews").await);
    let all = [
        (Method::GET, "/api/projects"),
        (Method::GET, "/api/prompts/compatible-projects"),
        (Method::GET, &path),
        (Method::GET, &format!("{path}/subsets")),
        (Method::POST, "/api/projects"),
        (Method::PATCH, &path),
        (Method::DELETE, &path),
    ];
    for role in Role::ALL {
        let mut program = app.program_of(role).await;
        let may = matches!(role, Role::Owner | Role::Administrator | Role::Manager);
        for (method, path) in all.iter().filter(|(method, _)| *method != Method::DELETE || !may) {
            let reply = program.call(method.clone(), path, None).await;
            assert_eq!(reply.status == 403, !may, "{role} {method} {reply}");
        }
    }
    let mut reader = app.program_for(Role::Owner, &[ApiScope::Read]).await;
    for (method, path) in all {
        let is_read = method == Method::GET;
        assert_eq!(reader.call(method, path, None).await.status, if is_read { 200 } else { 403 }, "{path}");
    }
}

#[actix_web::test]
async fn another_organizations_project_is_as_missing_as_one_that_never_was() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let other = app.organization("Other Ltd").await;
    let statement = format!(
        "INSERT INTO projects (organization_id, title, label_config, suits_prompts, folded, created_at, updated_at) \
         VALUES ({}, 'Theirs', '<View/>', TRUE, 'theirs', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
        other.id()
    );
    app.sql(&statement).await;
    let theirs = app.number("SELECT id FROM projects").await;
    for id in
        [theirs.to_string(), "99".into(), "4294967297".into(), "9".repeat(30), "x".into(), "+1".into(), "-1".into()]
    {
        let path = format!("/api/projects/{id}");
        program.get(&path).await.is(404);
        program.get(&format!("{path}/subsets")).await.is(404);
        program.patch(&path, json!({ "title": "Mine now" })).await.is(404);
        program.delete(&path).await.is(404);
    }
    assert!(titles(&program.get("/api/projects").await).is_empty());
    assert!(titles(&program.get("/api/prompts/compatible-projects").await).is_empty());
    assert!(titles(&program.get(&format!("/api/projects?ids={theirs}")).await).is_empty());
}

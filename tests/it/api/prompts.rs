//! Prompts and their versions, as programs written for Label Studio’s API manage them.

use claviger::domain::role::Role;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::projects::{project, titles, wrong};
use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::keys::{connect, provider, ready_fake};
use crate::support::program::Program;

/// Makes a prompt and answers its path.
async fn prompt(program: &mut Program, title: &str) -> String {
    let reply = program.post("/api/prompts/", json!({ "title": title })).await;
    format!("/api/prompts/{}", reply.is(201).json()["id"])
}

fn version(title: &str) -> Value {
    json!({ "title": title, "prompt": "Is {text} good?", "provider_model_id": "gpt-4o" })
}

/// Saves a version and answers its path.
async fn saved_version(program: &mut Program, prompt: &str, body: Value) -> String {
    let reply = program.post(&format!("{prompt}/versions"), body).await;
    format!("{prompt}/versions/{}", reply.is(201).json()["id"])
}

/// Sends a change of what was read in that state.
async fn send_if_match(program: &mut Program, method: Method, path: &str, tag: &str, body: Option<Value>) -> Reply {
    let (name, value) = program.credential.clone().expect("a token");
    let mut request = program.visitor.request(method, path).header(name, value).header("if-match", tag);
    if let Some(body) = body {
        request = request.json(&body);
    }
    program.visitor.send(request).await
}

#[actix_web::test]
async fn a_prompt_is_made_read_changed_and_deleted() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Manager).await;
    let (one, two) = (project(&mut program, "Reviews").await, project(&mut program, "Letters").await);
    let body = json!({
        "title": "Sentiment", "description": "Good or bad", "associated_projects": [two, one, two],
        "skill_name": "TextClassification", "input_fields": ["text"], "output_classes": ["Pos", "Neg"],
        "organization": 99, "created_by": 99,
    });
    let made = program.post("/api/prompts/", body).await.is(201).json();
    assert_eq!(made["associated_projects"], json!([one, two]));
    assert_eq!((&made["input_fields"], &made["output_classes"]), (&json!(["text"]), &json!(["Pos", "Neg"])));
    assert_eq!(made["created_by"]["username"], "jonas@fennel.example");
    let path = format!("/api/prompts/{}", made["id"]);
    let read = program.get(&format!("{path}/")).await.is(200).json();
    let projects = json!([{ "id": one, "title": "Reviews" }, { "id": two, "title": "Letters" }]);
    assert_eq!(read["associated_projects"], projects);
    assert_eq!(
        [&read["runs_count"], &read["versions_count"], &read["best_score"]],
        [&json!(0), &json!(0), &Value::Null]
    );

    // What was read can be sent back, and says nothing new.
    let audited = app.number("SELECT COUNT(*) FROM audit_log").await;
    let same = program.patch(&path, read.clone()).await.is(200).json();
    assert_eq!(same, made);
    assert_eq!(program.patch(&format!("{path}/"), json!({})).await.is(200).json(), made);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_log").await, audited);

    let change = json!({ "description": null, "input_fields": null, "associated_projects": [one] });
    let changed = program.patch(&path, change).await.is(200).json();
    assert_eq!([&changed["description"], &changed["input_fields"]], [&Value::Null; 2]);
    assert_eq!((&changed["associated_projects"], &changed["output_classes"]), (&json!([one]), &json!(["Pos", "Neg"])));
    assert_eq!(
        program.patch(&path, json!({ "associated_projects": null })).await.json()["associated_projects"],
        json!([])
    );
    program.patch(&path, json!({ "associated_projects": [one] })).await.is(200);
    program.delete(&format!("/api/projects/{one}")).await.is(204);
    assert_eq!(program.get(&path).await.is(200).json()["associated_projects"], json!([]));

    saved_version(&mut program, &path, version("v")).await;
    assert_eq!(program.get("/api/prompts/").await.json()["results"][0]["versions_count"], 1);
    program.delete(&path).await.is(204);
    program.get(&path).await.is(404);
    assert_eq!(app.number("SELECT COUNT(*) FROM prompt_versions").await, 0);
}

#[actix_web::test]
async fn what_is_wrong_with_a_prompt_is_said_member_by_member() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let path = prompt(&mut program, "Sentiment").await;
    for (member, value) in [
        ("title", json!("")),
        ("title", json!("  ")),
        ("title", json!("é".repeat(501))),
        ("title", json!(7)),
        ("title", Value::Null),
        ("description", json!("é".repeat(10_001))),
        ("skill_name", json!("Chat")),
        ("input_fields", json!([])),
        ("input_fields", json!("text")),
        ("input_fields", json!([1])),
        ("output_classes", json!([])),
        ("output_classes", json!([" "])),
        ("associated_projects", json!([99])),
        ("associated_projects", json!(["x"])),
        ("associated_projects", json!([12345678901234567890_u64])),
        ("associated_projects", json!((0..1001).collect::<Vec<_>>())),
    ] {
        let mut body = json!({ "title": "Another" });
        body[member] = value.clone();
        wrong(&program.post("/api/prompts/", body).await, member);
        wrong(&program.patch(&path, json!({ member: value })).await, member);
    }
    assert_eq!(wrong(&program.post("/api/prompts/", json!({})).await, "title"), "This field is required.");
    program.patch(&path, json!({ "description": "a\u{0}" })).await.is(400);
    program.patch(&path, json!({ "title": "é".repeat(500) })).await.is(200);
    assert_eq!(app.number("SELECT COUNT(*) FROM prompts").await, 1);
}

#[actix_web::test]
async fn the_list_of_prompts_is_paged_to_its_end() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Administrator).await;
    assert!(titles(&program.get("/api/prompts/?page=1&ordering=&search=").await).is_empty());
    let statement = "INSERT INTO prompts (organization_id, title, folded, created_at, updated_at) \
                     SELECT id, 'P', 'p', created_at, created_at FROM organizations";
    for _ in 0..101 {
        app.sql(statement).await;
    }
    assert_eq!(titles(&program.get("/api/prompts/?page_size=1000").await).len(), 100);
    assert_eq!(titles(&program.get("/api/prompts?page=2").await).len(), 1);
    let end = program.get("/api/prompts/?page=3").await;
    assert_eq!(end.is(404).json()["detail"], "Invalid page.");
    prompt(&mut program, "Sentiment").await;
    assert_eq!(titles(&program.get("/api/prompts/?search=sENTI").await), ["Sentiment"]);
    assert_eq!(titles(&program.get("/api/prompts/?ordering=-title&page_size=1").await), ["Sentiment"]);
}

#[actix_web::test]
async fn a_version_is_saved_read_overwritten_and_deleted() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Manager).await;
    let path = prompt(&mut program, "Sentiment").await;
    let name = format!("{path}/get-default-version-name");
    assert_eq!(program.get(&name).await.is(200).json()["default_model_version_name"], "Version 1");
    let text = "Braces {text} {} {\"a\": {b}} — “é”\n";
    let body =
        json!({ "title": "Version 1", "prompt": text, "provider_model_id": "gpt-4o", "max_few_shot_examples": 0 });
    let made = program.post(&format!("{path}/versions/"), body).await.is(201).json();
    assert_eq!((&made["prompt"], &made["provider"]), (&json!(text), &json!("OpenAI")));
    assert_eq!((&made["max_few_shot_examples"], &made["score"]), (&json!(0), &Value::Null));
    assert!(!made["model_display_name"].as_str().expect("a name").is_empty());
    assert_eq!(format!("/api/prompts/{}", made["parent_model"]), path);
    let item = format!("{path}/versions/{}", made["id"]);
    assert_eq!(program.get(&item).await.is(200).json(), made);
    assert_eq!(program.get(&name).await.json()["default_model_version_name"], "Version 2");
    let second = saved_version(&mut program, &path, version("Short")).await;
    let list = program.get(&format!("{path}/versions?ordering=id")).await.is(200).json();
    assert_eq!((&list[0], &list[1]["title"]), (&made, &json!("Short")));

    let change =
        json!({ "prompt": "{text}?", "provider": "Custom", "provider_model_id": "own", "max_few_shot_examples": null });
    let changed = program.patch(&item, change).await.is(200).json();
    assert_eq!((&changed["title"], &changed["prompt"]), (&json!("Version 1"), &json!("{text}?")));
    assert_eq!((&changed["provider"], &changed["model_display_name"]), (&json!("Custom"), &json!("own")));
    assert_eq!(changed["max_few_shot_examples"], Value::Null);
    assert_eq!(program.patch(&item, changed.clone()).await.is(200).json(), changed);
    program.delete(&second).await.is(204);
    program.get(&second).await.is(404);
    assert_eq!(program.get(&format!("{path}/versions")).await.json().as_array().map(Vec::len), Some(1));
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_log WHERE act LIKE 'prompt_version.%'").await, 4);
}

#[actix_web::test]
async fn what_is_wrong_with_a_version_is_said_member_by_member() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let path = prompt(&mut program, "Sentiment").await;
    let item = saved_version(&mut program, &path, version("v")).await;
    for (member, value) in [
        ("title", json!("")),
        ("title", json!("é".repeat(501))),
        ("title", Value::Null),
        ("prompt", json!(" ")),
        ("prompt", Value::Null),
        ("provider", json!("openai")),
        ("provider", json!("Cohere")),
        ("provider", Value::Null),
        ("provider_model_id", json!("")),
        ("provider_model_id", json!("m".repeat(256))),
        ("model_provider_connection", json!(99)),
        ("model_provider_connection", json!("x")),
        ("max_few_shot_examples", json!(-1)),
        ("max_few_shot_examples", json!(101)),
        ("max_few_shot_examples", json!(1.5)),
    ] {
        let mut body = version("w");
        body[member] = value.clone();
        wrong(&program.post(&format!("{path}/versions"), body).await, member);
        wrong(&program.patch(&item, json!({ member: value })).await, member);
    }
    let nothing = program.post(&format!("{path}/versions"), json!({})).await;
    for member in ["title", "prompt", "provider_model_id"] {
        assert_eq!(wrong(&nothing, member), "This field is required.");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM prompt_versions").await, 1);
}

#[actix_web::test]
async fn a_version_takes_its_provider_from_its_connection_and_outlives_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("custom"), &fake).await;
    let path = prompt(&mut program, "Sentiment").await;
    let mut body = version("v");
    body["model_provider_connection"] = json!(id);
    let item = saved_version(&mut program, &path, body.clone()).await;
    let made = program.get(&item).await.json();
    assert_eq!((&made["provider"], &made["model_provider_connection"]), (&json!("Custom"), &json!(id)));
    body["provider"] = json!("OpenAI");
    wrong(&program.post(&format!("{path}/versions"), body).await, "provider");
    wrong(&program.patch(&item, json!({ "provider": "OpenAI" })).await, "provider");
    program.patch(&item, json!({ "provider": "OpenAI", "model_provider_connection": null })).await.is(200);
    let again = program.patch(&item, json!({ "model_provider_connection": id })).await.is(200).json();
    assert_eq!(again["provider"], "Custom");

    program.delete(&format!("/api/model-provider-connections/{id}")).await.is(204);
    let left = program.get(&item).await.is(200).json();
    assert_eq!((&left["provider"], &left["model_provider_connection"]), (&json!("Custom"), &Value::Null));
}

#[actix_web::test]
async fn a_version_saved_while_its_connection_goes_is_refused_or_left_without_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let mut mara = app.owner().await;
    let path = prompt(&mut program, "Sentiment").await;
    let mut item = saved_version(&mut program, &path, version("v")).await;
    for _ in 0..6 {
        let id = connect(&app, &mut mara, provider("custom"), &fake).await;
        // Time passes while a connection is added, and access tokens live for five minutes.
        program = app.program_of(Role::Owner).await;
        let mut body = version("w");
        body["model_provider_connection"] = json!(id);
        body["provider"] = json!("Custom");
        let (mut one, mut two, mut three) = (program.clone(), program.clone(), program.clone());
        let (versions, connection) = (format!("{path}/versions"), format!("/api/model-provider-connections/{id}"));
        let (saved, changed, removed) =
            tokio::join!(one.post(&versions, body.clone()), two.patch(&item, body), three.delete(&connection));
        removed.is(204);
        assert!(matches!((saved.status, changed.status), (201 | 400, 200 | 400)), "{saved} {changed}");
        assert_eq!(app.number("SELECT COUNT(model_provider_connection) FROM prompt_versions").await, 0);
        item = saved_version(&mut program, &path, version("v")).await;
    }
}

#[actix_web::test]
async fn prompts_and_projects_that_go_at_once_leave_no_trace_and_no_error() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    for _ in 0..6 {
        let path = prompt(&mut program, "Sentiment").await;
        let (one, two) = (project(&mut program, "Reviews").await, project(&mut program, "Letters").await);
        program.patch(&path, json!({ "associated_projects": [one] })).await.is(200);
        let calls = [
            (Method::PATCH, path.clone(), Some(json!({ "associated_projects": [two] }))),
            (Method::PATCH, path.clone(), Some(json!({ "associated_projects": [one, two] }))),
            (Method::POST, "/api/prompts".into(), Some(json!({ "title": "P", "associated_projects": [two, one] }))),
            (Method::POST, format!("{path}/versions"), Some(version("v"))),
            (Method::DELETE, format!("/api/projects/{one}"), None),
            (Method::DELETE, format!("/api/projects/{two}"), None),
            (Method::DELETE, path.clone(), None),
        ];
        let replies = join_all(calls.map(|(method, path, body)| {
            let mut program = program.clone();
            async move { program.call(method, &path, body).await }
        }));
        for reply in replies.await {
            assert!(matches!(reply.status, 200 | 201 | 204 | 400 | 404), "{reply}");
        }
        for table in ["prompt_projects", "prompt_versions", "projects"] {
            assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
    }
}

#[actix_web::test]
async fn of_simultaneous_changes_of_different_members_none_is_lost() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let path = prompt(&mut program, "Sentiment").await;
    let changes = [
        json!({ "title": "New" }),
        json!({ "description": "New" }),
        json!({ "skill_name": "TextClassification" }),
        json!({ "input_fields": ["new"] }),
        json!({ "output_classes": ["New"] }),
    ];
    let replies = join_all(changes.clone().map(|change| {
        let (mut program, path) = (program.clone(), path.clone());
        async move { program.patch(&path, change).await }
    }));
    for reply in replies.await {
        reply.is(200);
    }
    let read = program.get(&path).await.json();
    for change in changes {
        let (member, value) = change.as_object().and_then(|members| members.iter().next()).expect("a member");
        assert_eq!(&read[member], value, "{member}");
    }
}

#[actix_web::test]
async fn nobody_overwrites_what_they_have_not_seen_if_they_say_what_they_saw() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let path = prompt(&mut program, "Sentiment").await;
    let item = saved_version(&mut program, &path, version("v")).await;
    let project = format!("/api/projects/{}", project(&mut program, "Reviews").await);
    for path in [item, path, project] {
        let read = program.get(&path).await;
        let tag = read.is(200).header("etag").to_owned();
        assert!(tag.starts_with('"'), "{tag}");
        let changes = (0..4).map(|n| {
            let (mut program, path, tag) = (program.clone(), path.clone(), tag.clone());
            let body = json!({ "title": format!("Title {n}") });
            async move { send_if_match(&mut program, Method::PATCH, &path, &tag, Some(body)).await }
        });
        let mut statuses: Vec<u16> = join_all(changes).await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412], "{path}");
        let stale = send_if_match(&mut program, Method::DELETE, &path, &tag, None).await;
        assert!(stale.is(412).json()["detail"].as_str().expect("words").contains("Read it again"));
        let changed = send_if_match(&mut program, Method::PATCH, &path, "*", Some(json!({ "title": "Any" }))).await;
        let tag = changed.is(200).header("etag").to_owned();
        assert_eq!(program.get(&path).await.header("etag"), tag);
        send_if_match(&mut program, Method::DELETE, &path, &tag, None).await.is(204);
    }
}

#[actix_web::test]
async fn what_is_not_run_here_is_said_so_without_an_error_of_the_server() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Manager).await;
    let path = prompt(&mut program, "Sentiment").await;
    let item = saved_version(&mut program, &path, version("v")).await;
    assert_eq!(program.get(&format!("{item}/inference-runs?project=1")).await.is(200).json(), json!([]));
    for (method, act, body) in [
        (Method::POST, "inference-runs", Some(json!({ "project": 1 }))),
        (Method::POST, "refine?async=true", Some(json!({ "project_id": 1, "teacher_model_name": "x" }))),
        (Method::GET, "refine?refinement_job_id=x", None),
    ] {
        let reply = program.call(method, &format!("{item}/{act}"), body).await;
        let body = reply.is(400).json();
        assert!(body["detail"].as_str().expect("words").starts_with("This server "), "{reply}");
        assert!(body.get("validation_errors").is_none());
    }
    let estimate = program.get(&format!("{item}/cost-estimate")).await.is(200).json();
    assert_eq!((&estimate["is_error"], &estimate["error_type"]), (&json!(true), &json!("NoTasks")));
    assert!(estimate["error_message"].as_str().expect("words").contains("about $0.00"), "{estimate}");
    program.patch(&item, json!({ "provider_model_id": "unheard-of" })).await.is(200);
    let estimate = program.get(&format!("{item}/cost-estimate")).await.is(200).json();
    assert_eq!((&estimate["error_type"], &estimate["total_cost_usd"]), (&json!("PriceUnknown"), &Value::Null));
}

#[actix_web::test]
async fn reading_and_writing_prompts_take_the_rights_to_them() {
    let app = TestApp::spawn().await;
    let mut owner = app.program_of(Role::Owner).await;
    let path = prompt(&mut owner, "Sentiment").await;
    let item = saved_version(&mut owner, &path, version("v")).await;
    let calls = every_call(&path, &item);
    for role in [Role::Administrator, Role::Manager, Role::Reviewer, Role::Annotator] {
        let mut program = app.program_of(role).await;
        let may = matches!(role, Role::Administrator | Role::Manager);
        for (method, path) in calls.iter().filter(|(method, _)| *method != Method::DELETE || !may) {
            let reply = program.call(method.clone(), path, None).await;
            assert_eq!(reply.status == 403, !may, "{role} {method} {reply}");
            assert!(reply.status < 405, "{role} {method} {reply}");
        }
    }
}

#[actix_web::test]
async fn another_organizations_prompt_is_as_missing_as_one_that_never_was() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let other = app.organization("Other Ltd").await;
    for statement in [
        format!(
            "INSERT INTO prompts (organization_id, title, folded, created_at, updated_at) \
             VALUES ({}, 'Theirs', 'theirs', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            other.id()
        ),
        "INSERT INTO prompt_versions (prompt_id, title, prompt, provider, provider_model_id, created_at, updated_at) \
         SELECT id, 'v', 'p', 'openai', 'm', created_at, created_at FROM prompts"
            .to_owned(),
        format!(
            "INSERT INTO projects (organization_id, title, label_config, suits_prompts, folded, created_at, updated_at) \
             VALUES ({}, 'Theirs', '<View/>', TRUE, 'theirs', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
            other.id()
        ),
        format!(
            "INSERT INTO connections (organization_id, provider, scope, destination, health, health_detail, \
             health_since, created_at, updated_at) SELECT {}, 'openai', 'Organization', 'openai', 'working', '', \
             created_at, created_at, created_at FROM prompts",
            other.id()
        ),
    ] {
        app.sql(&statement).await;
    }
    let theirs = app.number("SELECT id FROM prompts").await;
    let their_version = app.number("SELECT id FROM prompt_versions").await;
    let mine = prompt(&mut program, "Mine").await;
    let my_version = saved_version(&mut program, &mine, version("v")).await;
    let far = "9".repeat(30);
    for (path, item) in [
        (format!("/api/prompts/{theirs}"), format!("/api/prompts/{theirs}/versions/{their_version}")),
        ("/api/prompts/99".into(), "/api/prompts/99/versions/1".into()),
        ("/api/prompts/4294967297".into(), format!("{mine}/versions/4294967297")),
        (format!("/api/prompts/{far}"), format!("{mine}/versions/{far}")),
        ("/api/prompts/x".into(), format!("{mine}/versions/{their_version}")),
    ] {
        for (method, path) in every_call(&path, &item).into_iter().filter(|(_, path)| *path != "/api/prompts") {
            let reply = program.call(method.clone(), &path, with_body(&method)).await;
            assert_eq!(reply.status, 404, "{method} {path} {reply}");
        }
    }
    assert_eq!(titles(&program.get("/api/prompts").await), ["Mine"]);
    let id = app.number("SELECT id FROM projects").await;
    wrong(&program.patch(&mine, json!({ "associated_projects": [id] })).await, "associated_projects");
    let id = app.number("SELECT id FROM connections").await;
    wrong(&program.patch(&my_version, json!({ "model_provider_connection": id })).await, "model_provider_connection");
}

/// Every call about prompts; those that delete come last.
fn every_call(path: &str, item: &str) -> Vec<(Method, String)> {
    vec![
        (Method::GET, "/api/prompts".into()),
        (Method::POST, "/api/prompts".into()),
        (Method::GET, path.into()),
        (Method::PATCH, path.into()),
        (Method::GET, format!("{path}/versions")),
        (Method::POST, format!("{path}/versions")),
        (Method::GET, format!("{path}/get-default-version-name")),
        (Method::GET, item.into()),
        (Method::PATCH, item.into()),
        (Method::GET, format!("{item}/cost-estimate")),
        (Method::GET, format!("{item}/refine")),
        (Method::POST, format!("{item}/refine")),
        (Method::GET, format!("{item}/inference-runs")),
        (Method::POST, format!("{item}/inference-runs")),
        (Method::DELETE, item.into()),
        (Method::DELETE, path.into()),
    ]
}

fn with_body(method: &Method) -> Option<Value> {
    (*method == Method::POST).then(|| version("v"))
}

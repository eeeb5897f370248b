//! Connections, as programs written for Label Studio's API manage them.

use claviger::domain::api_token::ApiScope;
use claviger::domain::role::Role;
use claviger::providers;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::fake_provider::FakeProvider;
use crate::support::google_account::GoogleAccount;
use crate::support::keys::{GOOD_KEY, MODEL, OTHER_KEY, endpoint, provider, ready_fake};
use crate::support::program::Program;

const LIST: &str = "/api/model-provider-connections/";

fn item(id: &Value) -> String {
    format!("{LIST}{id}/")
}

/// What a program sends to add a connection.
fn body(slug: &str, fake: &FakeProvider) -> Value {
    let provider = provider(slug);
    let mut body = json!({ "provider": provider.api_name });
    for field in provider.fields {
        let value = match field.name {
            "deployment_name" => MODEL.to_owned(),
            "endpoint" => endpoint(provider, fake),
            "api_key" => GOOD_KEY.to_owned(),
            "google_application_credentials" => GoogleAccount::shared().key_file().to_string(),
            _ => continue,
        };
        body[field.name] = json!(value);
    }
    body
}

async fn create(program: &mut Program, body: Value) -> Value {
    program.post(LIST, body).await.is(201).json()
}

/// Asks until the check in the background is done.
async fn checked(program: &mut Program, id: &Value) -> Value {
    for _ in 0..200 {
        let connection = program.get(&item(id)).await.is(200).json();
        if connection["health"] != "not_checked" {
            return connection;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the connection was never checked");
}

#[track_caller]
fn problem(reply: &Reply, field: &str) -> String {
    let body = reply.is(400).json();
    assert_eq!(body["detail"], "Validation error");
    body["validation_errors"][field][0]
        .as_str()
        .unwrap_or_else(|| panic!("nothing about {field} in {reply}"))
        .to_owned()
}

#[actix_web::test]
async fn every_provider_is_added_at_once_and_checked_in_the_background() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Administrator).await;
    let choices = program.get("/api/model-provider-connections/provider-choices").await.is(200).json();
    assert_eq!(
        choices["provider_choices"],
        json!(["OpenAI", "Gemini", "VertexAI", "Anthropic", "AzureOpenAI", "AzureAIFoundry", "Custom"])
    );
    for provider in providers::ALL {
        let reply = program.post(LIST, body(provider.slug, &fake)).await;
        let made = reply.is(201).json();
        assert_eq!(reply.header("location"), item(&made["id"]));
        assert_eq!((&made["provider"], &made["health"]), (&json!(provider.api_name), &json!("not_checked")));
        assert!(!reply.body.contains(GOOD_KEY) && !reply.body.contains("private_key\\"), "{reply}");
        assert_eq!(checked(&mut program, &made["id"]).await["health"], "working", "{}", provider.slug);
    }
    let list = program.get(LIST).await.is(200).json();
    assert_eq!(list.as_array().expect("a bare array").len(), 7);
}

#[actix_web::test]
async fn a_connection_has_all_members_of_the_contract_and_never_a_secret() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let made = create(&mut program, body("custom", &fake)).await;
    let mut shown = made.clone();
    for member in ["created_at", "updated_at", "health_since"] {
        let text = shown[member].as_str().expect("a time").to_owned();
        assert!(text.len() == 27 && text.ends_with('Z'), "{text}");
        shown[member] = json!("a time");
    }
    assert_eq!(
        shown,
        json!({
            "id": 1, "provider": "Custom", "scope": "Organization", "organization": 1,
            "created_by": {
                "id": 1, "first_name": "Mara", "last_name": "Lindqvist", "username": "mara@fennel.example",
                "email": "mara@fennel.example", "avatar": null
            },
            "created_at": "a time", "updated_at": "a time",
            "deployment_name": MODEL, "endpoint": endpoint(provider("custom"), &fake),
            "google_project_id": null, "google_location": null, "cached_available_models": null,
            "is_internal": false, "budget_limit": null, "budget_total_spent": null, "budget_alert_threshold": null,
            "budget_reset_period": null, "budget_last_reset_date": null, "model_params": {},
            "name": MODEL, "health": "not_checked", "health_detail": "", "health_since": "a time",
            "checked_at": null, "paused_at": null, "secrets_set": ["api_key"], "key_hint": "x4Qa",
            "key_replaced_at": null, "last_used_at": null, "enabled_models_count": 1, "models_count": 1
        })
    );
    for path in [
        LIST.to_owned(),
        LIST.trim_end_matches('/').to_owned(),
        item(&json!(1)),
        "/api/model-provider-connections/1".into(),
    ] {
        program.get(&path).await.is(200).lacks(GOOD_KEY);
    }
    let mut manager = app.program_of(Role::Manager).await;
    assert_eq!(manager.get(&item(&json!(1))).await.is(200).json()["key_hint"], json!(null));
}

#[actix_web::test]
async fn a_change_tells_what_is_left_out_from_what_is_null() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let made = create(&mut program, {
        let mut body = body("custom", &fake);
        body["auth_token"] = json!("Bearer gateway-0123456789");
        body["budget_limit"] = json!(50);
        body["budget_reset_period"] = json!("Monthly");
        body["budget_alert_threshold"] = json!(12.5);
        body["cached_available_models"] = json!("a,b");
        body
    })
    .await;
    let path = item(&made["id"]);
    assert_eq!(
        (&made["budget_limit"], &made["budget_reset_period"], &made["budget_alert_threshold"]),
        (&json!(50.0), &json!("Monthly"), &json!(12.5))
    );
    assert_eq!(made["secrets_set"], json!(["api_key", "auth_token"]));
    checked(&mut program, &made["id"]).await;

    // What is not sent stays; what is only read and what is not known is ignored.
    let same = program.patch(&path, json!({})).await.is(200).json();
    assert_eq!((&same["budget_limit"], &same["health"]), (&json!(50.0), &json!("working")));
    let ignored =
        json!({ "id": 7, "organization": 7, "created_by": 7, "health": "paused", "budget_total_spent": 3, "x": 1 });
    assert_eq!(program.patch(&path, ignored).await.is(200).json()["id"], made["id"]);
    let changed = program.patch(&path, json!({ "budget_limit": null, "budget_alert_threshold": 0.000_000_001 })).await;
    let changed = changed.is(200).json();
    assert_eq!((&changed["budget_limit"], &changed["budget_alert_threshold"]), (&json!(null), &json!(1e-9)));
    assert_eq!((&changed["budget_reset_period"], &changed["health"]), (&json!("Monthly"), &json!("working")));

    let changed =
        program.patch(&path, json!({ "auth_token": null, "deployment_name": "gpt-5.5" })).await.is(200).json();
    assert_eq!((&changed["secrets_set"], &changed["deployment_name"]), (&json!(["api_key"]), &json!("gpt-5.5")));
    assert_eq!(checked(&mut program, &made["id"]).await["health"], "working", "the key stayed");
    problem(&program.patch(&path, json!({ "deployment_name": null })).await, "deployment_name");
    problem(&program.patch(&path, json!({ "endpoint": "" })).await, "endpoint");
    problem(&program.patch(&path, json!({ "provider": "OpenAI" })).await, "provider");
    problem(&program.patch(&path, json!({ "budget_limit": "50" })).await, "budget_limit");
    let rounded = program.patch(&path, json!({ "budget_limit": 0.1 + 0.2 })).await.is(200).json();
    assert_eq!(rounded["budget_limit"], json!(0.3));
    for amount in [json!(-1), json!(-0.5), json!(1e300)] {
        assert!(
            problem(&program.patch(&path, json!({ "budget_limit": amount })).await, "budget_limit").contains("dollars")
        );
    }
    problem(&program.patch(&path, json!({ "budget_reset_period": "Weekly", "scope": "All" })).await, "scope");
    problem(
        &program.patch(&path, json!({ "cached_available_models": "x".repeat(4097) })).await,
        "cached_available_models",
    );
    problem(&program.patch(&path, json!({ "cached_available_models": "a\0b" })).await, "non_field_errors");
    assert_eq!(program.get(&path).await.json()["deployment_name"], "gpt-5.5");
}

#[actix_web::test]
async fn a_moved_endpoint_needs_its_key_again() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let other = ready_fake().await;
    let mut program = app.program_of(Role::Owner).await;
    let made = create(&mut program, body("custom", &fake)).await;
    let moved = json!({ "endpoint": endpoint(provider("custom"), &other) });
    let refused = program.patch(&item(&made["id"]), moved).await;
    assert!(problem(&refused, "api_key").contains("never send a stored secret to another server"));
    assert!(other.requests().is_empty());
}

#[actix_web::test]
async fn a_second_one_of_a_provider_that_has_one_is_400_and_races_leave_one() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let program = app.program_of(Role::Owner).await;
    let tries = (0..8).map(|_| {
        let (mut program, body) = (program.clone(), body("openai", &fake));
        async move { program.post(LIST, body).await.status }
    });
    let mut statuses = join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400]);
    let again = program.clone().post(LIST, body("openai", &fake)).await;
    assert!(problem(&again, "provider").contains("already connected"));
    assert_eq!(app.number("SELECT COUNT(*) FROM connections").await, 1);
}

#[actix_web::test]
async fn who_waits_for_the_check_gets_its_answer_and_stores_no_rejected_key() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let mut wrong = body("openai", &fake);
    wrong["api_key"] = json!(OTHER_KEY);
    let refused = program.post("/api/model-provider-connections/?verify=true", wrong.clone()).await;
    assert!(problem(&refused, "api_key").contains("didn’t accept this key"), "{refused}");
    refused.lacks(OTHER_KEY);
    assert_eq!(program.get(LIST).await.json(), json!([]));
    let unclear = program.post("/api/model-provider-connections/?verify=yes", wrong.clone()).await;
    problem(&unclear, "verify");
    let made = program.post("/api/model-provider-connections/?verify=True", body("openai", &fake)).await;
    let made = made.is(201).json();
    assert_eq!(made["health"], "working");
    let path = item(&made["id"]);
    let replace = format!("{path}replace-key");
    problem(&program.post(&replace, json!({ "api_key": OTHER_KEY })).await, "api_key");
    problem(&program.post(&replace, json!({})).await, "api_key");
    assert_eq!(program.get(&path).await.json()["key_hint"], "x4Qa", "the old key stays");
    fake.good_key(OTHER_KEY);
    let replaced = program.post(&replace, json!({ "api_key": OTHER_KEY })).await.is(200).json();
    assert_eq!((&replaced["key_hint"], &replaced["health"]), (&json!("Zt0c"), &json!("working")));

    fake.answer_with("/models", 500, json!({ "error": { "message": "oops" } }));
    let verified = program.post_nothing(&format!("{path}verify")).await.is(200).json();
    assert_eq!(verified["health"], "provider_trouble");
    // The SDK replaces keys by changing them.
    app.advance(chrono::TimeDelta::minutes(1));
    let mut program = app.program_of(Role::Owner).await;
    let before = program.get(&path).await.is(200).json()["key_replaced_at"].clone();
    let patched = program.patch(&path, json!({ "api_key": GOOD_KEY })).await.is(200).json();
    assert_eq!(patched["key_hint"], "x4Qa");
    assert_ne!(patched["key_replaced_at"], before);
    app.owner().await.get("/audit").await.says("Replaced, without a check, the key of");
    // An empty one is as if it were left out.
    assert_eq!(program.patch(&path, json!({ "api_key": "" })).await.is(200).json()["key_hint"], "x4Qa");
    let checks = program.get(&format!("{path}checks")).await.is(200).json();
    assert!(checks[0]["message"].is_string() && checks[0]["steps"].is_array(), "{checks}");
    let stored = program.post_nothing(&format!("{path}pause/")).await.is(200).json();
    assert_eq!(stored["health"], "paused");
    assert_ne!(program.post_nothing(&format!("{path}resume")).await.is(200).json()["health"], "paused");
}

#[actix_web::test]
async fn models_are_switched_and_the_dropdown_follows() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let made = program.post("/api/model-provider-connections/?verify=true", body("openai", &fake)).await.is(201).json();
    let models = format!("{}models", item(&made["id"]));
    let listed = program.get(&models).await.is(200).json();
    assert!(
        listed.as_array().expect("models").iter().any(|model| model["id"] == "gpt-5.5" && model["enabled"] == true)
    );
    let path = models.clone();
    let put = |program: &Program, body: Value| {
        let (mut program, path) = (program.clone(), path.clone());
        async move { program.call(reqwest::Method::PUT, &path, Some(body)).await }
    };
    let off = put(&program, json!({ "enabled": [] })).await.is(200).json();
    assert!(off.as_array().expect("models").iter().all(|model| model["enabled"] == false));
    problem(&put(&program, json!({ "enabled": ["no-such-model"] })).await, "enabled");
    problem(&put(&program, json!({})).await, "enabled");
    let mut mara = app.owner().await;
    assert!(!mara.get_json("/base-models").await.body.contains("gpt-5.5"));
}

#[actix_web::test]
async fn what_somebody_else_changed_is_not_overwritten_by_who_says_what_they_saw() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut program = app.program_of(Role::Owner).await;
    let made = create(&mut program, body("custom", &fake)).await;
    let path = item(&made["id"]);
    let seen = program.get(&path).await;
    let tag = seen.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{seen}");
    let with = |program: &Program, method, tag: &str, body: Value| {
        let (name, value) = program.credential.clone().expect("a token");
        let request = program.visitor.request(method, &path).header(name, value).header("if-match", tag.to_owned());
        let mut visitor = program.visitor.clone();
        async move { visitor.send(request.json(&body)).await }
    };
    let patched = with(&program, reqwest::Method::PATCH, &tag, json!({ "budget_limit": 5 })).await;
    assert_ne!(patched.is(200).header("etag"), tag);
    for body in [json!({ "budget_limit": 6 }), json!({ "deployment_name": "other" })] {
        with(&program, reqwest::Method::PATCH, &tag, body).await.is(412);
    }
    with(&program, reqwest::Method::DELETE, &tag, json!({})).await.is(412);
    with(&program, reqwest::Method::PATCH, "*", json!({ "budget_limit": 7 })).await.is(200);
    // Who does not say so changes whatever is there, also at the same time as others.
    let tries = (0..6).map(|n| {
        let (mut program, path) = (program.clone(), path.clone());
        async move { program.patch(&path, json!({ "budget_alert_threshold": n })).await.status }
    });
    assert_eq!(join_all(tries).await, [200; 6]);
    assert_eq!(program.get(&path).await.json()["budget_limit"], json!(7.0));
    program.delete(&path).await.is(204);
    program.delete(&path).await.is(404);
}

#[actix_web::test]
async fn ids_that_no_row_has_are_not_found() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let missing =
        ["0", "99", "4294967296", "9223372036854775807", "9223372036854775808", &"9".repeat(40), "-1", "x", "1.0"];
    for id in missing {
        for slash in ["", "/"] {
            let path = format!("/api/model-provider-connections/{id}{slash}");
            program.get(&path).await.is(404);
            program.patch(&path, json!({})).await.is(404);
            program.delete(&path).await.is(404);
        }
    }
    problem(&program.post(LIST, json!({ "provider": "Mistral" })).await, "provider");
    assert_eq!(problem(&program.post(LIST, json!({})).await, "api_key"), "Enter the API key.");
    problem(&program.post(LIST, json!({ "provider": null, "api_key": 7 })).await, "api_key");
}

#[actix_web::test]
async fn only_who_keeps_keys_changes_connections_and_internal_ones_are_theirs_alone() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut owner = app.program_of(Role::Owner).await;
    let mut internal = body("custom", &fake);
    internal["is_internal"] = json!(true);
    let made = create(&mut owner, internal.clone()).await;
    assert_eq!(made["is_internal"], true);
    let mut administrator = app.program_of(Role::Administrator).await;
    internal["deployment_name"] = json!("gpt-5.5");
    assert_eq!(create(&mut administrator, internal.clone()).await["is_internal"], false, "from Owners only");
    let mut manager = app.program_of(Role::Manager).await;
    let listed = manager.get(LIST).await.is(200).json();
    assert_eq!(listed.as_array().expect("a list").len(), 1);
    manager.get(&item(&made["id"])).await.is(404);
    for mut program in [
        manager,
        app.program_for(Role::Owner, &[ApiScope::Read]).await,
        app.program_for(Role::Owner, &[ApiScope::UseModels]).await,
    ] {
        program.post(LIST, internal.clone()).await.is(403);
        program.patch(&item(&made["id"]), json!({ "budget_limit": 1 })).await.is(403);
        program.post_nothing(&format!("{}verify", item(&made["id"]))).await.is(403);
        program.delete(&item(&made["id"])).await.is(403);
    }
    for role in [Role::Reviewer, Role::Annotator] {
        app.program_of(role).await.get(LIST).await.is(403);
    }
    app.program_for(Role::Owner, &[ApiScope::UseModels]).await.get(LIST).await.is(403);
    app.program_for(Role::Owner, &[ApiScope::Read]).await.get(LIST).await.is(200);
    let mut keeper = app.program_for(Role::Owner, &[ApiScope::ManageConnections]).await;
    keeper.delete(&item(&made["id"])).await.is(204);
    let mut mara = app.owner().await;
    mara.get("/audit").await.says("with the API token “A test’s”");
}

//! The description of the API: complete, sound, and true of a running server.

use std::collections::{BTreeMap, BTreeSet};

use claviger::domain::api_token::ApiScopes;
use claviger::domain::role::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::keys::ready_fake;
use crate::support::program::Program;
use crate::support::sources::product;

/// The description as a program reads it.
pub async fn described(app: &TestApp) -> Value {
    app.program().get("/api/openapi.json").await.is(200).json()
}

/// Every operation: method, path, and what the description says.
pub fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("operations").iter();
        methods.map(move |(method, operation)| {
            (method.to_uppercase().parse().expect("a method"), path.clone(), operation.clone())
        })
    });
    of_path.collect()
}

#[actix_web::test]
async fn the_description_has_every_route_and_no_other() {
    let app = TestApp::spawn().await;
    let document = described(&app).await;
    let mut registered = BTreeSet::new();
    for (path, text) in product().into_iter().filter(|(path, _)| path.starts_with("api")) {
        for (at, _) in text.match_indices("resource(\"") {
            let rest = &text[at + "resource(\"".len()..];
            let (pattern, rest) = rest.split_once('"').expect("a pattern");
            let chain = rest.split_once(".service").map_or(rest, |(chain, _)| chain);
            let chain = chain.split(';').next().unwrap_or_default();
            for method in ["get", "post", "put", "patch", "delete"] {
                if chain.contains(&format!(".{method}(")) {
                    registered.insert(format!("{} /api{pattern}", method.to_uppercase()));
                }
            }
            assert!(!pattern.is_empty(), "{}", path.display());
        }
    }
    registered.remove("GET /api/openapi.json");
    let in_words: BTreeSet<String> = operations(&document)
        .iter()
        .map(|(method, path, _)| format!("{method} {}", path.trim_end_matches('/')))
        .collect();
    assert!(registered.len() > 20, "the routes were found");
    assert_eq!(in_words, registered);
}

#[actix_web::test]
async fn operations_have_names_of_their_own_words_and_the_errors_that_all_share() {
    let app = TestApp::spawn().await;
    let document = described(&app).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let what = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].to_string()), "{what} shares its name");
        assert!(operation["summary"].as_str().is_some_and(|words| words.ends_with('.')), "{what} has no words");
        assert!(operation["responses"].get("429").is_some(), "{what}");
        let body = &operation["requestBody"]["content"]["application/json"];
        assert!(body.is_null() || !body["example"].is_null(), "{what} has no example");
    }
}

/// Who does what the examples say, with what they need.
struct Examples {
    program: Program,
    refresh: String,
    path_values: BTreeMap<&'static str, String>,
}

impl Examples {
    async fn run(&mut self, method: Method, path: &str, operation: &Value) {
        let mut body = operation["requestBody"]["content"]["application/json"]["example"].clone();
        if body.get("refresh").is_some() {
            body["refresh"] = json!(self.refresh);
        }
        let mut address = path.to_owned();
        for (name, value) in &self.path_values {
            address = address.replace(&format!("{{{name}}}"), value);
        }
        assert!(!address.contains('{'), "no value for {address}");
        let reply = self.program.call(method.clone(), &address, (!body.is_null()).then_some(body)).await;
        let responses = operation["responses"].as_object().expect("responses");
        let success = responses.keys().find(|status| status.starts_with('2'));
        // What is always refused is refused as the description says.
        let expected = success.map_or("400", String::as_str);
        assert_eq!(reply.status.to_string(), expected, "{method} {address}: {reply}");
        if let Some(token) = reply.body.starts_with('{').then(|| reply.json()["refresh"].clone()) {
            self.refresh = token.as_str().map_or_else(|| self.refresh.clone(), str::to_owned);
        }
    }
}

/// Those that end what others need come last.
fn turn(method: &Method, path: &str) -> usize {
    let order = [
        "POST /api/model-provider-connections/",
        "POST /api/projects/",
        "POST /api/prompts/",
        "POST /api/prompts/{id}/versions",
        "GET",
        "PATCH",
        "PUT",
    ];
    let what = format!("{method} {path}");
    let late = ["blacklist", "reset-token"].iter().any(|end| path.contains(end));
    match order.iter().position(|start| if start.contains(' ') { what == *start } else { what.starts_with(start) }) {
        // The parts before the whole.
        _ if *method == Method::DELETE => 120 - path.matches('/').count(),
        _ if late => 90,
        Some(at) => at,
        None => 50,
    }
}

#[actix_web::test]
async fn every_example_works_as_it_stands() {
    let fake = ready_fake().await;
    fake.good_key("sk-proj-abcdefghijklmn0123456789");
    let app = TestApp::facing(&fake).await;
    let document = described(&app).await;
    app.legacy_token(Role::Owner).await;
    let mut examples = Examples {
        program: app.program_of(Role::Owner).await,
        refresh: app.personal_token(Role::Owner, ApiScopes::ALL).await,
        path_values: BTreeMap::from([("id", "1".to_owned()), ("version", "1".to_owned())]),
    };
    let legacy = app.legacy_token(Role::Owner).await;
    let mut all = operations(&document);
    all.sort_by_key(|(method, path, _)| turn(method, path));
    for (method, path, operation) in all {
        if path == "/api/model-provider-connections/{id}/models" && method == Method::PUT {
            // Its model has to be known.
            let path = "/api/model-provider-connections/1/verify";
            fake.good_key("sk-proj-0123456789abcdefghijklmn");
            examples.program.post_nothing(path).await.is(200);
            fake.good_key("sk-proj-abcdefghijklmn0123456789");
        }
        if path == "/api/current-user/token" {
            // Only who brings a legacy token can be shown it.
            let mut program = app.program().showing("x-api-key", legacy.clone());
            program.get(&path).await.is(200);
            continue;
        }
        examples.run(method, &path, &operation).await;
    }
}

#[actix_web::test]
async fn people_and_language_models_read_the_same() {
    let app = TestApp::spawn().await;
    let mut sam = app.annotator().await;
    let page = sam.get("/docs/api").await;
    page.is(200).says("GET /api/model-provider-connections/").says("budget_alert_threshold");
    let mut nobody = app.visitor();
    nobody.get("/docs/api").await.is(303);
    let overview = nobody.get("/llms.txt").await;
    let links: Vec<String> = overview
        .is(200)
        .body
        .split(&['(', ')', ' ', '\n'][..])
        .filter_map(|word| word.strip_prefix(&app.origin))
        .filter(|path| path.ends_with(".md") || path.ends_with(".json"))
        .map(str::to_owned)
        .collect();
    assert!(links.len() >= 6, "{links:?}");
    for path in links {
        let text = nobody.get(&path).await;
        assert!(text.is(200).body.len() > 500, "{path}");
        let mime = if path.ends_with(".md") { "text/markdown; charset=utf-8" } else { "application/json" };
        assert_eq!(text.header("content-type"), mime);
    }
    let reference = nobody.get("/docs/api.md").await;
    reference.says("### POST /api/model-provider-connections/").says("budget_alert_threshold");
    nobody.get("/docs/providers.md").await.says("`provider`: `AzureOpenAI`").says("| `deployment_name` |");
    nobody.get("/docs/nothing.md").await.is(404);
}

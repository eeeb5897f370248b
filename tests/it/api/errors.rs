//! What programs are told when something is wrong.

use claviger::domain::role::Role;
use reqwest::Method;
use serde_json::json;

use crate::support::app::TestApp;

#[actix_web::test]
async fn every_answer_below_api_is_json_and_names_its_request() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    for (method, path, status) in [
        (Method::GET, "/api/nowhere", 404),
        (Method::GET, "/api/", 404),
        (Method::GET, "/api/token/nothing/", 404),
        (Method::DELETE, "/api/token/", 405),
        (Method::PUT, "/api/current-user/whoami", 405),
    ] {
        let reply = program.call(method, path, None).await;
        let body = reply.is(status).json();
        assert_eq!(body["status_code"], status, "{reply}");
        assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
        assert!(body["detail"].is_string() && body["exc_info"].is_null() && body.get("validation_errors").is_none());
        assert_eq!(body["id"], reply.header("x-request-id"));
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(status == 405, !reply.header("allow").is_empty(), "{reply}");
    }
    let version = app.program().get("/api/version").await;
    assert_eq!(version.is(200).json()["edition"], "Enterprise");
}

#[actix_web::test]
async fn bodies_are_json_objects_of_a_bearable_size() {
    let app = TestApp::spawn().await;
    let mut program = app.program_of(Role::Owner).await;
    let send = |mime: &'static str, body: String| {
        let (name, value) = program.credential.clone().expect("a token");
        program
            .visitor
            .request(Method::POST, "/api/jwt/settings")
            .header(name, value)
            .header("content-type", mime)
            .body(body)
    };
    for (mime, body, status) in [
        ("application/json", "{}".to_owned(), 200),
        ("application/json; charset=utf-8", "{\"unknown\": [1]}".to_owned(), 200),
        ("application/json", "{".to_owned(), 400),
        ("application/json", "[]".to_owned(), 400),
        ("application/json", "\"text\"".to_owned(), 400),
        ("application/json", "{\"api_tokens_enabled\": \"perhaps\"}".to_owned(), 400),
        ("application/x-www-form-urlencoded", "a=b".to_owned(), 415),
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", format!("{{\"x\": \"{}\"}}", "x".repeat(900 << 10)), 200),
        ("application/json", format!("{{\"x\": \"{}\"}}", "x".repeat(2 << 20)), 413),
    ] {
        let request = send(mime, body);
        program.visitor.clone().send(request).await.is(status);
    }
    let query = program.get("/api/current-user/whoami?api_key=sk-secret").await;
    assert!(!query.is(400).body.contains("sk-secret"));
    program.post("/api/jwt/settings?x=1", json!({})).await.is(200);
}

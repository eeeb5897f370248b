//! The OpenAPI document, held against the running server: a generator of requests makes of it what it allows and what it
//! forbids, follows its links, and compares every answer. How, and what is left out, is in
//! `tests/openapi/schemathesis.toml`.

use std::process::Command;

use claviger::domain::role::{Permission, Role};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::fake_provider::FakeProvider;
use crate::support::parts::{environment, project, skip_without, venv};

/// Of each of the five roles; 2,000 altogether.
const FEWEST_REQUESTS: u64 = 400;

#[actix_web::test]
async fn the_document_holds_for_an_owner() {
    holds_for(Role::Owner).await;
}

#[actix_web::test]
async fn the_document_holds_for_an_administrator() {
    holds_for(Role::Administrator).await;
}

#[actix_web::test]
async fn the_document_holds_for_a_manager() {
    holds_for(Role::Manager).await;
}

#[actix_web::test]
async fn the_document_holds_for_a_reviewer() {
    holds_for(Role::Reviewer).await;
}

#[actix_web::test]
async fn the_document_holds_for_an_annotator() {
    holds_for(Role::Annotator).await;
}

async fn holds_for(role: Role) {
    let program = venv().with_file_name("schemathesis").join("bin/schemathesis");
    if !program.exists() {
        return skip_without("schemathesis");
    }
    // Stands in for all vendors, so that whatever is connected, nothing leaves this machine.
    let fake = FakeProvider::spawn().await;
    let vendors = fake.outbound_settings();
    let app = TestApp::with(|config| {
        config.egress_allow = vendors.allow;
        config.vendor_bases = vendors.bases;
        // Hundreds of requests a second with one token are the point here.
        config.api_requests_per_minute = std::num::NonZeroU32::MAX;
    })
    .await;
    // Lets legacy tokens in, so that they can be reset.
    app.legacy_token(role).await;
    let mut tester = app.program_of(role).await;
    let (_, token) = tester.credential.clone().expect("a token");
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let mut command = Command::new(program);
    command
        .args(["--no-color", "--config-file"])
        .arg(project().join("tests/openapi/schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", app.origin)])
        // Spelled like this, or it is not left out where a request is to go without.
        .args(["--header", &format!("Authorization: {token}")])
        .args(["--checks", "all", "--report", "json", "--report-json-path"])
        .arg(&report)
        // Leaves its notes in the folder that it runs in, and asks no proxy of the machine's.
        .current_dir(&folder)
        .env_clear()
        .env("PATH", environment("PATH").unwrap_or_default())
        .env("PYTHONPYCACHEPREFIX", venv().with_file_name("pycache"))
        .env("PYTHONUTF8", "1");
    if role.may(Permission::ManageTokens) {
        // Would lock the run out: half of the bodies that are allowed switch off the kind of token that it shows.
        // `api::tokens` and `tests/sdk/tokens.py` try it; everybody else is refused anyway, and that is tried here.
        command.args(["--exclude-name-regex", "^POST /api/jwt/settings/?$"]);
    }
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "as {role:?}: {}\n{out}\n{err}", output.status);
    let report: Value = serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("JSON");
    assert_eq!(report["operations"]["tested"], report["operations"]["selected"], "as {role:?}:\n{out}");
    let n_requests = report["test_cases"]["generated"].as_u64().expect("a number");
    assert!(n_requests >= FEWEST_REQUESTS, "as {role:?}: only {n_requests} requests\n{out}");
    // Otherwise most of the answers were refusals, which the document knows as well.
    tester.get("/api/current-user/whoami").await.is(200);
}

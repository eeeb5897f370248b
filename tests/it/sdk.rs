//! The clients of Label Studio, unmodified and as people install them, against a running server. The programs are in
//! `tests/sdk`; they hold our side of the contract with these clients.

use std::path::PathBuf;
use std::process::Command;

use claviger::domain::api_token::ApiScopes;
use claviger::domain::role::Role;

use crate::support::app::TestApp;
use crate::support::fake_provider::FakeProvider;
use crate::support::google_account::GoogleAccount;
use crate::support::parts::{environment, project, skip_without, venv};

const NEWEST: &str = "2.1.2";

#[actix_web::test]
async fn the_newest_client_is_let_in() {
    passes(NEWEST, "authentication.py").await;
}

#[actix_web::test]
async fn the_newest_client_manages_tokens() {
    passes(NEWEST, "tokens.py").await;
}

#[actix_web::test]
async fn the_newest_client_learns_who_asks_and_what_answers() {
    passes(NEWEST, "identity.py").await;
}

#[actix_web::test]
async fn the_newest_client_reads_its_organization() {
    passes(NEWEST, "organizations.py").await;
}

#[actix_web::test]
async fn the_newest_client_manages_connections() {
    passes(NEWEST, "connections.py").await;
}

#[actix_web::test]
async fn the_newest_client_understands_what_is_wrong_with_connections() {
    passes(NEWEST, "connection_errors.py").await;
}

#[actix_web::test]
async fn the_newest_client_manages_prompts() {
    passes(NEWEST, "prompts.py").await;
}

#[actix_web::test]
async fn the_newest_client_manages_versions_of_prompts() {
    passes(NEWEST, "versions.py").await;
}

#[actix_web::test]
async fn the_newest_client_manages_projects() {
    passes(NEWEST, "projects.py").await;
}

#[actix_web::test]
async fn the_newest_asynchronous_client_does_every_call() {
    passes(NEWEST, "asynchronous.py").await;
}

#[actix_web::test]
async fn the_newest_command_line_does_its_calls() {
    passes(NEWEST, "command_line.py").await;
}

#[actix_web::test]
async fn the_client_2_0_does_its_calls() {
    passes("2.0.20", "older_2_0.py").await;
}

#[actix_web::test]
async fn the_client_1_0_does_its_calls() {
    passes("1.0.20", "older_1_0.py").await;
}

/// Runs one of the programs with that version of the client against a server of its own.
async fn passes(version: &str, program: &str) {
    let python = python_with(version);
    if !python.exists() {
        return skip_without(&format!("label-studio-sdk {version}"));
    }
    // Stands in for all vendors, so that whatever is connected, nothing leaves this machine.
    let fake = FakeProvider::spawn().await;
    let app = TestApp::facing(&fake).await;
    let mut command = Command::new(python);
    command
        .arg(project().join("tests/sdk").join(program))
        // What the machine says of proxies and tokens is none of the clients' business here.
        .env_clear()
        .env("PATH", environment("PATH").unwrap_or_default())
        .env("PYTHONPYCACHEPREFIX", venv().with_file_name("pycache"))
        .env("PYTHONUTF8", "1")
        .env("LABEL_STUDIO_URL", &app.origin)
        .env("OWNER_PERSONAL_TOKEN", app.personal_token(Role::Owner, ApiScopes::ALL).await)
        .env("OWNER_LEGACY_TOKEN", app.legacy_token(Role::Owner).await)
        .env("MANAGER_PERSONAL_TOKEN", app.personal_token(Role::Manager, ApiScopes::ALL).await)
        .env("ANNOTATOR_PERSONAL_TOKEN", app.personal_token(Role::Annotator, ApiScopes::ALL).await)
        .env("GOOGLE_KEY_FILE", GoogleAccount::shared().key_file().to_string());
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} with {version}: {}\n{out}\n{err}", output.status);
    assert!(out.contains(" passed\n"), "{program} did nothing:\n{out}\n{err}");
}

/// Versions of the client cannot live together, so each has an environment of its own.
fn python_with(version: &str) -> PathBuf {
    venv().with_file_name(format!("sdk-{version}")).join("bin/python")
}

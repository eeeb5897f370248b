//! What people type into the forms of the seven providers, right and wrong.

use chrono::TimeDelta;
use claviger::domain::actor::OrgScope;
use claviger::providers::{self, Provider};
use claviger::store::connections::{self, ConnectionRow};
use serde_json::json;

use super::app::TestApp;
use super::browse::{Reply, Visitor};
use super::fake_provider::FakeProvider;
use super::google_account::GoogleAccount;

/// The key that [`ready_fake`] accepts.
pub const GOOD_KEY: &str = "k3y-Tq7Zr1Vw5Xy9Bc2Df6Gh-x4Qa";
/// Another key of the same look.
pub const OTHER_KEY: &str = "k3y-Mn4Lp8Kj2Hg6Fd0Sa5Rt-Zt0c";
/// The model that the fake offers and the forms name.
pub const MODEL: &str = "fake-large";

/// A provider that knows [`GOOD_KEY`] and the shared service account, and offers models that fit all.
pub async fn ready_fake() -> FakeProvider {
    let fake = FakeProvider::spawn().await;
    fake.good_key(GOOD_KEY);
    fake.know(&GoogleAccount::shared());
    fake.offer(&["gpt-5.5", "claude-opus-4-5", "gemini-3.5-flash-lite", "gemini-3.8-flash", MODEL]);
    fake
}

/// The provider of that slug.
#[track_caller]
pub fn provider(slug: &str) -> &'static Provider {
    providers::by_slug(slug).expect("a provider")
}

/// The answers of somebody who has all values right.
pub fn right_answers(provider: &Provider, fake: &FakeProvider) -> Vec<(&'static str, String)> {
    answers_with(provider, fake, GOOD_KEY)
}

/// The same with a key that the provider does not know.
pub fn wrong_answers(provider: &Provider, fake: &FakeProvider) -> Vec<(&'static str, String)> {
    let mut answers = answers_with(provider, fake, OTHER_KEY);
    if let Some(file) = answers.iter_mut().find(|(name, _)| *name == KEY_FILE) {
        let mut unknown = GoogleAccount::shared().key_file();
        unknown["private_key_id"] = json!("fedcba9876543210fedcba9876543210fedcba98");
        file.1 = unknown.to_string();
    }
    answers
}

/// The right answers with this key in place of a good one. A key file stays as it is.
pub fn answers_with(provider: &Provider, fake: &FakeProvider, key: &str) -> Vec<(&'static str, String)> {
    let answer = |name: &'static str| match name {
        "deployment_name" => Some((name, MODEL.to_owned())),
        "endpoint" => Some((name, endpoint(provider, fake))),
        "api_key" => Some((name, key.to_owned())),
        "google_application_credentials" => Some((KEY_FILE, GoogleAccount::shared().key_file().to_string())),
        _ => None,
    };
    provider.fields.iter().filter_map(|field| answer(field.name)).collect()
}

/// What people enter as the endpoint of this fake.
pub fn endpoint(provider: &Provider, fake: &FakeProvider) -> String {
    format!("{}{}", fake.base_url(), if provider.slug == "custom" { "/v1" } else { "" })
}

/// The name of the field that takes a pasted key file.
pub const KEY_FILE: &str = "google_application_credentials_text";

/// The field at which errors of a provider's secret stand.
pub fn secret_field(provider: &Provider) -> &'static str {
    provider.fields.iter().find(|field| field.kind.secret().is_some()).map_or("", |field| field.name)
}

/// Opens a provider's form, fills it in and sends it.
pub async fn add(visitor: &mut Visitor, provider: &Provider, answers: &[(&'static str, String)]) -> Reply {
    let form = visitor.get(&format!("/providers/new/{}", provider.slug)).await.is(200).form();
    visitor.submit(&form.with_all(answers)).await
}

/// Adds a connection with everything right; its id. A minute later than what was before, so that an organization's
/// limit of checks is not reached.
pub async fn connect(app: &TestApp, visitor: &mut Visitor, provider: &Provider, fake: &FakeProvider) -> i64 {
    app.advance(TimeDelta::minutes(1));
    let reply = add(visitor, provider, &right_answers(provider, fake)).await;
    reply.is(303);
    let rows = rows(app).await;
    rows.iter().rev().find(|row| row.provider == provider.slug).expect("the connection is stored").id
}

/// The test organization's connections, oldest first.
pub async fn rows(app: &TestApp) -> Vec<ConnectionRow> {
    let scope: OrgScope = app.organization(super::app::ORGANIZATION).await;
    app.store(move |conn| connections::list(conn, scope)).await
}

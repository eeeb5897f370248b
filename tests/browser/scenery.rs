//! An organization in the middle of its life: connections of every provider, in different health. Nothing is put
//! into the database by hand; all of it comes of filling in forms and of what the providers answer.

use chrono::TimeDelta;
use claviger::domain::role::Role;
use serde_json::json;

use crate::stage::Stage;
use crate::support::app::{ORGANIZATION, person};
use crate::support::browse::Visitor;
use crate::support::fake_provider::FakeProvider;
use crate::support::google_account::GoogleAccount;

/// Who and what is there, by id.
pub struct Scenery {
    /// OpenAI, which works.
    pub working: i64,
    /// Azure OpenAI, whose server is gone.
    pub unreachable: i64,
    /// Anthropic, whose key was deleted.
    pub rejected: i64,
    /// Azure AI Foundry, which somebody paused.
    pub paused: i64,
    /// A server of their own, saved without a check.
    pub unchecked: i64,
    /// Ana, who is no connection but a Reviewer.
    pub reviewer: i64,
}

impl Scenery {
    /// Lets half a year go by.
    pub async fn set(stage: &Stage) -> Self {
        let scope = stage.app.organization(ORGANIZATION).await;
        for role in Role::ALL {
            let (name, email) = person(role);
            stage.app.add(scope, name, email, role).await;
        }
        let (name, email) = person(Role::Reviewer);
        let reviewer = stage.app.add(scope, name, email, Role::Reviewer).await;
        let (fake, account) = (&stage.fake, GoogleAccount::shared());
        fake.know(&account);
        let other = FakeProvider::spawn().await;
        other.offer(&["gpt-4o-labeling", "Mistral-Large-3"]);

        let_legacy_tokens_in(stage).await;
        add_token(stage, Role::Owner, &[("name", "trial"), ("kind", "personal"), ("days", "7")]).await;
        fake.offer(&OPENAI);
        let working = add(stage, Role::Owner, "openai", &[("api_key", "sk-proj-9f3b7c1d5e8a2460x4Qa")]).await;
        fake.offer(&GOOGLE);
        let gemini = add(stage, Role::Owner, "gemini", &[("api_key", "AIzaSyD-0123456789abcdefghi7Wd2")]).await;
        let file = account.key_file().to_string();
        let vertex = [("way", "paste"), ("google_application_credentials_text", &file), ("google_location", "eu")];
        let vertex = add(stage, Role::Administrator, "vertex-ai", &vertex).await;
        stage.app.advance(TimeDelta::days(8));
        fake.offer(&["claude-haiku-4-5", "claude-opus-5", "claude-sonnet-5"]);
        add_token(stage, Role::Owner, &[("name", "terraform"), ("kind", "legacy"), ("days", "")]).await;
        add_token(stage, Role::Manager, &[("name", "dashboards"), ("kind", "legacy"), ("days", "90")]).await;
        let rejected = add(stage, Role::Owner, "anthropic", &[("api_key", "sk-ant-api03-5c2e8f1a9b7d40k9Tz")]).await;
        let azure = [
            ("deployment_name", "gpt-4o-labeling"),
            ("endpoint", &other.base_url()),
            ("api_key", "3b9d7f1c5e2a48606f4e8c2d7f3a"),
        ];
        let unreachable = add(stage, Role::Administrator, "azure-openai", &azure).await;
        stage.app.advance(TimeDelta::days(5));
        let foundry = [
            ("deployment_name", "Mistral-Large-3"),
            ("endpoint", &other.base_url()),
            ("api_key", "8e4a2c6f0b5d49717d1e9a3c5b80"),
        ];
        add_token(stage, Role::Owner, &[("name", "nightly-export"), ("kind", "personal"), ("days", "90")]).await;
        let paused = add(stage, Role::Owner, "azure-ai-foundry", &foundry).await;
        fake.offer(&["llama3.2"]);
        let custom = [
            ("deployment_name", "llama3.2"),
            ("endpoint", &*stage.url_of_fake("/v1")),
            ("api_key", "sk-llm-6d2f8a4c1e9b7035Gh1s"),
        ];
        let own = add(stage, Role::Administrator, "custom", &custom).await;
        stage.app.advance(TimeDelta::hours(26));

        // What has happened since.
        drop(other);
        verify(stage, unreachable).await;
        stage.app.advance(TimeDelta::hours(9));
        fake.answer_with(
            "/v1beta",
            429,
            json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED",
            "message": "Resource has been exhausted (e.g. check quota)." } }),
        );
        verify(stage, gemini).await;
        fake.recover();
        act(stage, paused, "pause").await;
        fake.offer(&GOOGLE);
        verify(stage, vertex).await;
        fake.offer(&["llama3.2"]);
        fake.good_key("sk-llm-6d2f8a4c1e9b7035Gh1s");
        verify(stage, own).await;
        fake.good_key("whatever replaced it");
        stage.app.advance(TimeDelta::hours(13));
        verify(stage, rejected).await;
        fake.good_key("sk-proj-9f3b7c1d5e8a2460x4Qa");
        stage.app.advance(TimeDelta::minutes(20));
        fake.offer(&OPENAI);
        verify(stage, working).await;
        let unchecked = add_unchecked(stage).await;
        stage.app.advance(TimeDelta::minutes(4));
        Self { working, unreachable, rejected, paused, unchecked, reviewer }
    }
}

/// What OpenAI offers to the key; the last one is not in the catalogue.
const OPENAI: [&str; 7] =
    ["gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5.6-luna", "gpt-6-luna", "gpt-6-sol", "gpt-7-preview"];

/// What Google offers to both of its keys.
const GOOGLE: [&str; 4] = ["gemini-2.5-pro", "gemini-3.6-flash", "gemini-3.8-flash", "gemini-4-argon"];

/// Fills in the form of a provider whose key is the one that the stand-in knows; the new connection's id.
async fn add(stage: &Stage, role: Role, provider: &str, fields: &[(&str, &str)]) -> i64 {
    if let Some((_, key)) = fields.iter().find(|(name, _)| *name == "api_key") {
        stage.fake.good_key(key);
    }
    let mut somebody = stage.app.member(role).await;
    let form_id = uuid::Uuid::new_v4().to_string();
    let reply = somebody.post(&format!("/providers/new/{provider}"), &with_form(fields, &form_id)).await;
    reply.is(303);
    newest(&mut somebody).await
}

/// Saves a server that does not answer yet.
async fn add_unchecked(stage: &Stage) -> i64 {
    let mut owner = stage.app.owner().await;
    let fields = [("deployment_name", "qwen2.5-coder"), ("endpoint", "http://127.0.0.1:9/v1")];
    let refused = owner.post("/providers/new/custom", &with_form(&fields, "not-yet-up")).await;
    let (form_id, ticket) = (refused.is(422).value("form_id"), refused.value("ticket"));
    let mut again = fields.to_vec();
    again.extend([("form_id", &*form_id), ("ticket", &*ticket), ("act", "unchecked")]);
    owner.post("/providers/new/custom", &again).await.is(303);
    newest(&mut owner).await
}

async fn let_legacy_tokens_in(stage: &Stage) {
    let rules = [("personal", "on"), ("legacy", "on"), ("api_token_ttl_days", "365")];
    stage.app.owner().await.post("/tokens/policy", &rules).await.is(303);
}

/// Makes an API token that reads and uses models.
async fn add_token(stage: &Stage, role: Role, fields: &[(&str, &str)]) {
    let mut fields = fields.to_vec();
    fields.extend([("scopes", "read"), ("scopes", "models")]);
    stage.app.member(role).await.post("/tokens", &fields).await.is(303);
}

async fn verify(stage: &Stage, id: i64) {
    act(stage, id, "verify").await;
}

async fn act(stage: &Stage, id: i64, act: &str) {
    stage.app.owner().await.post(&format!("/providers/{id}/{act}"), &[]).await.is(303);
}

/// The id of the connection that was added last.
async fn newest(somebody: &mut Visitor) -> i64 {
    let list = somebody.get("/providers").await;
    let ids = list.attrs("tr[id^=connection-]", "id");
    ids.iter().filter_map(|id| id.trim_start_matches("connection-").parse().ok()).max().expect("a connection")
}

fn with_form<'a>(fields: &[(&'a str, &'a str)], form_id: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = fields.to_vec();
    fields.extend([("form_id", form_id), ("act", "check")]);
    fields
}

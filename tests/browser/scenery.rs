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

/// The connections, by their ids.
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
}

impl Scenery {
    /// Lets half a year go by.
    pub async fn set(stage: &Stage) -> Self {
        let scope = stage.app.organization(ORGANIZATION).await;
        for role in Role::ALL {
            let (name, email) = person(role);
            stage.app.add(scope, name, email, role).await;
        }
        let (fake, account) = (&stage.fake, GoogleAccount::shared());
        fake.know(&account);
        fake.offer(&MODELS);
        let other = FakeProvider::spawn().await;
        other.offer(&["gpt-4o-labeling", "Mistral-Large-3"]);

        let working = add(stage, Role::Owner, "openai", &[("api_key", "sk-proj-9f3b7c1d5e8a2460x4Qa")]).await;
        let gemini = add(stage, Role::Owner, "gemini", &[("api_key", "AIzaSyD-0123456789abcdefghi7Wd2")]).await;
        let file = account.key_file().to_string();
        let vertex = [("way", "paste"), ("google_application_credentials_text", &file), ("google_location", "eu")];
        add(stage, Role::Administrator, "vertex-ai", &vertex).await;
        stage.app.advance(TimeDelta::days(8));
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
        let paused = add(stage, Role::Owner, "azure-ai-foundry", &foundry).await;
        fake.offer(&["llama3.2"]);
        let custom = [
            ("deployment_name", "llama3.2"),
            ("endpoint", &*stage.url_of_fake("/v1")),
            ("api_key", "sk-llm-6d2f8a4c1e9b7035Gh1s"),
        ];
        add(stage, Role::Administrator, "custom", &custom).await;
        fake.offer(&MODELS);
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
        fake.good_key("whatever replaced it");
        stage.app.advance(TimeDelta::hours(13));
        verify(stage, rejected).await;
        fake.good_key("sk-proj-9f3b7c1d5e8a2460x4Qa");
        stage.app.advance(TimeDelta::minutes(20));
        verify(stage, working).await;
        let unchecked = add_unchecked(stage).await;
        stage.app.advance(TimeDelta::minutes(4));
        Self { working, unreachable, rejected, paused, unchecked }
    }
}

/// What the vendors offer, all together.
const MODELS: [&str; 8] = [
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-5",
    "gpt-5-mini",
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "claude-opus-4-1",
    "claude-sonnet-4-5",
];

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

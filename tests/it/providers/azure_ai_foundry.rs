use claviger::domain::check::Verdict;
use claviger::providers::Submission;
use claviger::providers::azure_ai_foundry::PROVIDER;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check, check_right, fake, right_answers};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_resource_without_v1_is_asked_at_its_models_path() {
    let fake = fake().await;
    fake.answer_with("/openai/v1", 404, json!({ "error": { "code": "404", "message": "Resource not found" } }));
    let report = check_right(&PROVIDER, &fake).await;
    let expected = fake.url("/models/chat/completions?api-version=2024-05-01-preview").to_string();
    assert_eq!((report.verdict, report.chat_url), (Verdict::Ok, Some(expected)));
    assert!(fake.requests()[0].body.contains("\"max_tokens\":16"));
    assert_eq!(fake.requests()[0].header("authorization"), format!("Bearer {GOOD_KEY}"), "the host isn’t Azure’s own");
}

#[tokio::test]
async fn claude_is_asked_in_its_own_format() {
    let fake = fake().await;
    let endpoint = Some(fake.url("/anthropic/v1/messages").to_string());
    let report =
        check(&PROVIDER, &fake, Submission { endpoint: endpoint.clone(), ..right_answers(&PROVIDER, &fake) }).await;
    assert_eq!((report.verdict, &report.chat_url), (Verdict::Ok, &endpoint), "{report:#?}");
    let seen = &fake.requests()[0];
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (GOOD_KEY, ""));
    assert!(seen.body.contains("\"max_tokens\":16") && !seen.header("anthropic-version").is_empty());
}

#[tokio::test]
async fn a_refused_extra_parameter_still_proves_the_key() {
    let fake = fake().await;
    fake.answer_with(
        "/openai",
        422,
        json!({ "error": { "code": "extra_forbidden", "message": "Extra inputs are not permitted" } }),
    );
    assert_eq!(check_right(&PROVIDER, &fake).await.verdict, Verdict::Ok);
}

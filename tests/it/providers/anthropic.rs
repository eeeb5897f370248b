use claviger::domain::secret::{Secret, SecretField};
use claviger::providers::anthropic::PROVIDER;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check, check_right, fake, right_answers};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_check_lists_models_with_one_credential() {
    let fake = fake().await;
    let report = check_right(&PROVIDER, &fake).await;
    let requests = fake.requests();
    assert_eq!(fake.paths(), ["/v1/models"]);
    assert_eq!(requests[0].header("authorization"), format!("Bearer {GOOD_KEY}"));
    assert_eq!(requests[0].header("anthropic-version"), "2023-06-01");
    assert_eq!(requests[0].header("x-api-key"), "");
    assert_eq!(report.models.len(), 2, "retired models are left out");
    assert_eq!(report.models[0].context_window, Some(200_000));
    assert_eq!(report.models[0].retires_on.as_deref(), Some("2027-02-01"));
}

#[tokio::test]
async fn every_page_of_the_list_is_read_also_in_the_older_shape() {
    let fake = fake().await;
    fake.answer_with(
        "/v1/models",
        200,
        json!({ "data": [{ "id": "claude-a" }], "has_more": true, "last_id": "claude-a" }),
    );
    fake.answer_with(
        "after_id=claude-a",
        200,
        json!({ "data": [{ "id": "claude-b" }], "has_more": false, "last_id": "claude-b" }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["claude-a", "claude-b"]);
}

#[tokio::test]
async fn a_rejected_key_of_openai_is_recognized() {
    let fake = fake().await;
    let mut submission = right_answers(&PROVIDER, &fake);
    submission.secrets.put(SecretField::ApiKey, Secret::new("sk-proj-Zy9Xw8Vu7Ts6Rq5Po4Nm3".to_owned()));
    let report = check(&PROVIDER, &fake, submission).await;
    let words = "Anthropic didn’t accept this key. It looks like an OpenAI key (it starts with sk-proj). Paste an Anthropic key.";
    assert_eq!(report.message, words);
}

#[tokio::test]
async fn an_account_without_credit_is_told_from_a_bad_request() {
    let fake = fake().await;
    let words = "Your credit balance is too low to access the Anthropic API.";
    fake.answer_with(
        "/v1/models",
        400,
        json!({ "type": "error", "error": { "type": "invalid_request_error", "message": words } }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, claviger::domain::check::Verdict::NoQuota);
    assert!(report.message.starts_with(
        "Anthropic accepted the key, but its account has no credit left. Add credit at Anthropic, then check again."
    ));
}

use claviger::domain::check::{StepKind, Verdict};
use claviger::providers::gemini::PROVIDER;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check_right, fake, step};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_check_lists_and_counts_and_spends_nothing() {
    let fake = fake().await;
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(fake.paths(), ["/v1beta/models", "/v1beta/models/gemini-3.5-flash-lite:countTokens"]);
    for seen in fake.requests() {
        assert_eq!(seen.header("x-goog-api-key"), GOOD_KEY);
        assert!(seen.header("authorization").is_empty() && !seen.path.contains("key="), "{seen:?}");
    }
    let ids: Vec<_> = report.models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(ids, ["gemini-3.5-flash-lite", "fake-large"], "embeddings are left out");
    assert_eq!(report.models[0].context_window, Some(1_048_576));
}

#[tokio::test]
async fn a_key_that_lists_but_may_not_be_used_is_found_out() {
    let fake = fake().await;
    let details = json!([{ "reason": "API_KEY_SERVICE_BLOCKED" }]);
    fake.answer_with(
        ":countTokens",
        403,
        json!({ "error": { "code": 403, "message": "blocked", "status": "PERMISSION_DENIED", "details": details } }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::NoPermission, "{report:#?}");
    assert!(step(&report, StepKind::KeyAccepted).detail.contains("403, API_KEY_SERVICE_BLOCKED"), "{report:#?}");
}

#[tokio::test]
async fn every_page_of_the_list_is_read() {
    let fake = fake().await;
    let model =
        |name: &str| json!({ "name": format!("models/{name}"), "supportedGenerationMethods": ["generateContent"] });
    fake.answer_with("/models?", 200, json!({ "models": [model("fake-large")], "nextPageToken": "p 2" }));
    fake.answer_with("pageToken=p+2", 200, json!({ "models": [model("gemini-3.5-flash-lite")] }));
    assert_eq!(check_right(&PROVIDER, &fake).await.models.len(), 2);
}

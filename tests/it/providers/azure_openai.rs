use claviger::domain::check::{Outcome, StepKind, Verdict};
use claviger::providers::Submission;
use claviger::providers::azure_openai::PROVIDER;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check, check_right, fake, right_answers, step};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_deployment_is_proven_and_the_model_behind_it_kept() {
    let fake = fake().await;
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.chat_url, Some(fake.url("/openai/v1/chat/completions").to_string()));
    assert_eq!(report.underlying_model.as_deref(), Some("fake-large-2026-01-01"));
    assert_eq!(report.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["fake-large"]);
    let requests = fake.requests();
    assert_eq!((requests.len(), requests[0].header("api-key"), requests[0].header("authorization")), (1, GOOD_KEY, ""));
}

#[tokio::test]
async fn a_resource_without_v1_is_asked_at_its_dated_address() {
    let fake = fake().await;
    fake.answer_with("/openai/v1", 404, json!({ "error": { "code": "404", "message": "Resource not found" } }));
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    let expected = fake.url("/openai/deployments/fake-large/chat/completions?api-version=2024-10-21");
    assert_eq!(report.chat_url, Some(expected.to_string()));
}

#[tokio::test]
async fn an_unknown_deployment_is_no_fault_of_the_key() {
    let fake = fake().await;
    let submission = Submission { deployment_name: Some("gpt-4o".to_owned()), ..right_answers(&PROVIDER, &fake) };
    let report = check(&PROVIDER, &fake, submission).await;
    assert_eq!((report.verdict, report.field), (Verdict::WrongDeployment, Some("deployment_name")), "{report:#?}");
    assert!(report.message.starts_with("There’s no deployment called gpt-4o at this endpoint. Use the deployment’s name, which may differ from the model’s."));
    assert_eq!(step(&report, StepKind::KeyAccepted).outcome, Outcome::Passed);
    assert_eq!(step(&report, StepKind::ModelsFound).outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_model_that_wants_the_limit_by_another_name_gets_it() {
    let fake = fake().await;
    let words =
        "Unsupported parameter: 'max_completion_tokens' is not supported with this model. Use 'max_tokens' instead.";
    let refusal =
        json!({ "error": { "message": words, "type": "invalid_request_error", "code": "unsupported_parameter" } });
    fake.reply_once_with("/openai", crate::support::fake_provider::answer(400, &[], refusal));
    assert_eq!(check_right(&PROVIDER, &fake).await.verdict, Verdict::Ok);
    let bodies: Vec<_> = fake.requests().into_iter().map(|seen| seen.body).collect();
    assert!(bodies[0].contains("max_completion_tokens") && bodies[1].contains("\"max_tokens\":16"), "{bodies:?}");
}

#[tokio::test]
async fn a_filtered_answer_still_proves_key_and_deployment() {
    let fake = fake().await;
    fake.answer_with(
        "/openai",
        400,
        json!({ "error": { "code": "content_filter", "message": "The response was filtered" } }),
    );
    assert_eq!(check_right(&PROVIDER, &fake).await.verdict, Verdict::Ok);
}

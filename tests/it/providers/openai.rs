use claviger::domain::check::{Outcome, StepKind, Verdict};
use claviger::domain::secret::{Secret, SecretField};
use claviger::providers::openai::PROVIDER;
use claviger::providers::policy::Policy;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check_right, fake, right_answers, step};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_check_lists_models_and_spends_nothing() {
    let fake = fake().await;
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(fake.paths(), ["/v1/models"]);
    assert_eq!(fake.requests()[0].method, "GET");
    assert_eq!(fake.requests()[0].header("authorization"), format!("Bearer {GOOD_KEY}"));
    assert_eq!(report.models.len(), 2);
    assert_eq!(report.models[0].retires_on.as_deref(), Some("2027-01-14"));
}

#[tokio::test]
async fn a_rejected_key_is_told_in_the_designs_words() {
    let fake = fake().await;
    fake.good_key("another");
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(
        report.message,
        "OpenAI didn’t accept this key. It ends x4Qa and may have been deleted or copied without its last characters. Paste it again, or create a new one."
    );
    let key_step = step(&report, StepKind::KeyAccepted);
    let quoted = "OpenAI answered 401, invalid_api_key: “Incorrect API key provided: [removed].";
    assert!(key_step.detail.starts_with(quoted), "{key_step:#?}");
}

#[tokio::test]
async fn a_rejected_key_of_another_company_is_recognized() {
    let fake = fake().await;
    let mut submission = right_answers(&PROVIDER, &fake);
    submission.secrets.put(SecretField::ApiKey, Secret::new("AIzaSyD-0123456789abcdefghijklmnop".to_owned()));
    let report = super::check(&PROVIDER, &fake, submission).await;
    assert!(
        report.message.contains("looks like a Google key (it starts with AIza). Paste an OpenAI key"),
        "{report:#?}"
    );
}

#[tokio::test]
async fn a_restricted_key_is_proven_by_a_short_answer() {
    let fake = fake().await;
    fake.offer(&["gpt-4o-mini"]);
    let words = "You have insufficient permissions for this operation. Missing scopes: api.model.read.";
    fake.answer_with(
        "/models",
        403,
        json!({ "error": { "message": words, "type": "invalid_request_error", "code": null } }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::Limited, "{report:#?}");
    assert!(report.verdict.passes());
    assert_eq!(report.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["gpt-4o-mini"]);
    assert_eq!(step(&report, StepKind::ModelsFound).outcome, Outcome::Warning);
    let last = fake.requests().pop().expect("a request");
    assert!(last.body.contains("\"max_completion_tokens\":16") && !last.body.contains("temperature"), "{last:?}");
}

#[tokio::test]
async fn a_key_that_may_neither_list_nor_answer_is_refused() {
    let fake = fake().await;
    let words = "You have insufficient permissions for this operation. Missing scopes: model.request.";
    fake.answer_with(
        "/v1",
        401,
        json!({ "error": { "message": words, "type": "invalid_request_error", "code": null } }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!((report.verdict, report.field), (Verdict::NoPermission, Some("api_key")), "{report:#?}");
}

#[tokio::test]
async fn a_key_without_models_is_not_taken_for_working() {
    let fake = fake().await;
    fake.offer(&[]);
    assert_eq!(check_right(&PROVIDER, &fake).await.verdict, Verdict::NoPermission);
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_after_fifteen_seconds() {
    let fake = fake().await;
    fake.reply_with("/v1", crate::support::fake_provider::Reply::Hang);
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::Unreachable, "{report:#?}");
    let words = "We couldn’t reach 127.0.0.1 (no answer in 15 seconds). Your key wasn’t the cause. Check that this server may call out, then check again.";
    assert_eq!(report.message, words);
    assert!((14_000..17_000).contains(&report.took_ms), "{}", report.took_ms);
}

#[test]
fn an_anthropic_key_is_refused_before_any_call() {
    let mut submission = claviger::providers::Submission::default();
    submission.secrets.put(SecretField::ApiKey, Secret::new("sk-ant-api03-0123456789".to_owned()));
    let errors = PROVIDER.read(submission, &Policy::default(), &[]).expect_err("refused");
    let error = errors.on("api_key").expect("an error");
    assert_eq!(error.summary(), "This looks like an Anthropic key (it starts with sk-ant-)");
}

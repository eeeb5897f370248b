use claviger::clock::Clock;
use claviger::domain::check::{CheckReport, JsonMode, Outcome, StepKind, Verdict};
use claviger::domain::secret::{Secret, SecretField};
use claviger::providers::Submission;
use claviger::providers::custom::PROVIDER;
use claviger::providers::outbound::Outbound;
use claviger::providers::policy::AllowRule;
use claviger::providers::settings::OutboundSettings;
use serde_json::json;

use super::contract::contract;
use super::{GOOD_KEY, check, check_right, fake, right_answers, step};
use crate::support::fake_answers::JsonDialect;
use crate::support::llama::{API_KEY, LlamaServer, MODEL};

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_genuine_llama_server_passes_all_five_steps() {
    let Some(llama) = LlamaServer::start() else { return };
    let report = check_llama(MODEL, &llama.endpoint(), API_KEY).await;
    assert_eq!((report.verdict, report.json_mode), (Verdict::Ok, Some(JsonMode::JsonSchema)), "{report:#?}");
    assert_eq!(report.steps.iter().filter(|step| step.outcome == Outcome::Passed).count(), 5, "{report:#?}");
    assert_eq!(step(&report, StepKind::SecureConnection).title, "Not encrypted (plain http)");
    assert_eq!(report.chat_url, Some(format!("{}/chat/completions", llama.endpoint())));
}

#[tokio::test]
async fn a_genuine_llama_server_shows_what_is_wrong() {
    let Some(llama) = LlamaServer::start() else { return };
    let report = check_llama(MODEL, &llama.endpoint(), "sk-wrong-0123456789").await;
    assert_eq!((report.verdict, report.field), (Verdict::BadKey, Some("api_key")), "{report:#?}");
    // It would answer to any name, so only its list tells.
    let report = check_llama("llama3", &llama.endpoint(), API_KEY).await;
    assert_eq!((report.verdict, report.suggestion.as_deref()), (Verdict::WrongModel, Some(MODEL)), "{report:#?}");
    let report = check_llama(MODEL, &format!("{}/chat/completions", llama.endpoint()), API_KEY).await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert!(step(&report, StepKind::ModelsFound).detail.contains("We call it at"), "{report:#?}");
}

async fn check_llama(model: &str, endpoint: &str, key: &str) -> CheckReport {
    let allow = AllowRule::parse_list("127.0.0.1").expect("a rule");
    let outbound = Outbound::new(OutboundSettings { allow, ..OutboundSettings::default() }).expect("a client");
    let mut submission = Submission {
        deployment_name: Some(model.to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Submission::default()
    };
    submission.secrets.put(SecretField::ApiKey, Secret::new(key.to_owned()));
    let (target, secrets) = PROVIDER.read(submission, outbound.policy(), &[]).expect("a submission");
    PROVIDER.check(&outbound, &target, &secrets, Clock::default().now()).await
}

#[tokio::test]
async fn the_strongest_json_mode_is_kept() {
    for (dialect, mode, verdict) in [
        (JsonDialect::Both, JsonMode::JsonSchema, Verdict::Ok),
        (JsonDialect::JsonSchema, JsonMode::JsonSchema, Verdict::Ok),
        (JsonDialect::JsonObjectSchema, JsonMode::JsonObjectSchema, Verdict::Ok),
        (JsonDialect::JsonOnly, JsonMode::JsonOnly, Verdict::Limited),
    ] {
        let fake = fake().await;
        fake.speak_json(dialect);
        let report = check_right(&PROVIDER, &fake).await;
        assert_eq!((report.verdict, report.json_mode), (verdict, Some(mode)), "{dialect:?} {report:#?}");
    }
}

#[tokio::test]
async fn a_server_without_json_mode_cannot_be_saved() {
    let fake = fake().await;
    fake.speak_json(JsonDialect::Ignores);
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::NoJsonMode, "{report:#?}");
    assert!(!report.verdict.passes() && !report.verdict.may_work_later());
    let failed = step(&report, StepKind::JsonMode);
    assert_eq!(failed.outcome, Outcome::Failed);
    let exchange = failed.exchange.as_ref().expect("what was sent and what came back");
    assert!(exchange.request.contains("response_format") && exchange.answer.contains("Sure! Here is"), "{exchange:?}");
}

#[tokio::test]
async fn a_missing_version_is_found_and_told() {
    let fake = fake().await;
    let submission = Submission { endpoint: Some(fake.base_url()), ..right_answers(&PROVIDER, &fake) };
    let report = check(&PROVIDER, &fake, submission).await;
    assert_eq!(report.chat_url, Some(fake.url("/v1/chat/completions").to_string()), "{report:#?}");
    let detail = &step(&report, StepKind::ModelsFound).detail;
    assert!(detail.ends_with(&format!("We call it at {}", fake.url("/v1"))), "{detail}");
}

#[tokio::test]
async fn an_address_where_nothing_answers_gets_the_right_one_suggested() {
    let fake = fake().await;
    fake.answer_with("", 404, json!("404 page not found"));
    let submission = Submission { endpoint: Some(fake.base_url()), ..right_answers(&PROVIDER, &fake) };
    let report = check(&PROVIDER, &fake, submission).await;
    assert_eq!((report.verdict, report.field), (Verdict::WrongEndpoint, Some("endpoint")), "{report:#?}");
    assert_eq!(report.suggestion, Some(fake.url("/v1").to_string()));
    assert!(report.message.starts_with("The endpoint must end in /v1. Did you mean "), "{report:#?}");
}

#[tokio::test]
async fn a_server_that_lists_nothing_is_proven_by_its_answer() {
    let fake = fake().await;
    fake.answer_with("/models", 404, json!("404 page not found"));
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert!(step(&report, StepKind::ModelsFound).detail.contains("doesn’t list its models"));
}

#[tokio::test]
async fn a_model_that_is_not_listed_is_named_with_those_that_are() {
    let fake = fake().await;
    fake.offer(&["llama3.2", "qwen2.5", "a", "b", "Fake-Large"]);
    let report = check_right(&PROVIDER, &fake).await;
    let words =
        "The server doesn’t offer fake-large. It offers llama3.2, qwen2.5, a and 2 more. The name must match exactly.";
    assert_eq!((report.verdict, report.message.as_str()), (Verdict::WrongModel, words));
    assert_eq!(report.suggestion.as_deref(), Some("Fake-Large"));
    fake.offer(&["fake-large:latest"]);
    assert_eq!(check_right(&PROVIDER, &fake).await.verdict, Verdict::Ok, "Ollama’s way to list it");
}

#[tokio::test]
async fn a_server_that_takes_any_key_is_told_from_one_that_checks() {
    let fake = crate::support::fake_provider::FakeProvider::spawn().await;
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    let key_step = step(&report, StepKind::KeyAccepted);
    assert_eq!(key_step.outcome, Outcome::Warning);
    assert_eq!(key_step.detail, "This server checks no key: it took a wrong one too.");
}

#[tokio::test]
async fn key_and_token_travel_in_the_headers_that_the_form_promises() {
    let sent = |key: Option<&'static str>, token: Option<&'static str>| async move {
        let fake = crate::support::fake_provider::FakeProvider::spawn().await;
        let mut submission = Submission { secrets: Default::default(), ..right_answers(&PROVIDER, &fake) };
        submission.secrets.put(SecretField::ApiKey, Secret::new(key.unwrap_or_default().to_owned()));
        submission.secrets.put(SecretField::AuthToken, Secret::new(token.unwrap_or_default().to_owned()));
        let report = check(&PROVIDER, &fake, submission).await;
        assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
        let seen = fake.requests().swap_remove(0);
        ["authorization", "x-api-key", "api-key"].map(|name| seen.header(name).to_owned())
    };
    assert_eq!(sent(None, None).await, ["", "", ""]);
    assert_eq!(sent(Some(GOOD_KEY), None).await, [&format!("Bearer {GOOD_KEY}"), "", ""]);
    assert_eq!(sent(None, Some("t0ken-0123")).await, ["Bearer t0ken-0123", "", ""]);
    assert_eq!(sent(None, Some("Basic dXNlcjpw")).await, ["Basic dXNlcjpw", "", ""]);
    assert_eq!(sent(Some(GOOD_KEY), Some("Basic dXNlcjpw")).await, ["Basic dXNlcjpw", GOOD_KEY, GOOD_KEY]);
}

#[tokio::test]
async fn a_server_that_names_its_models_after_our_key_gets_nothing_shown() {
    let fake = fake().await;
    fake.offer(&["fake-large", GOOD_KEY]);
    let answer = json!({ "model": GOOD_KEY, "choices": [{ "message": { "content": "x" }, "finish_reason": "stop" }] });
    fake.answer_with("/chat/completions", 200, answer);
    super::contract::assert_no_secret(&check_right(&PROVIDER, &fake).await);
    fake.recover();
    fake.offer(&[GOOD_KEY]);
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.verdict, Verdict::WrongModel);
    super::contract::assert_no_secret(&report);
}

//! The recorded error answers of every provider, and what each has to mean.

use claviger::domain::check::Verdict;
use claviger::providers::{ALL, Provider, classify::classify};
use serde_json::Value;

use super::{check_right, fake};
use crate::support::fake_provider::answer;
use crate::support::parts::project;

fn cases(provider: &Provider) -> Vec<Value> {
    let file = project().join("tests/fixtures").join(provider.slug).join("errors.json");
    serde_json::from_slice(&std::fs::read(file).expect("a file of errors")).expect("JSON")
}

fn bytes(body: &Value) -> Vec<u8> {
    body.as_str().map_or_else(|| body.to_string().into_bytes(), |text| text.as_bytes().to_vec())
}

/// Two of the recorded verdicts are not outcomes of a check: an error that only a right key gets, and what can only
/// be a fault on the way.
fn verdict(case: &Value) -> Verdict {
    match case["verdict"].as_str() {
        Some("ok_other_parameter") => Verdict::Ok,
        Some("our_bug") => Verdict::StrangeAnswer,
        _ => serde_json::from_value(case["verdict"].clone()).expect("a verdict"),
    }
}

#[test]
fn every_recorded_error_is_understood() {
    let mut n_cases = 0;
    for provider in ALL {
        for case in cases(provider) {
            let status = u16::try_from(case["status"].as_u64().expect("a status")).expect("a status");
            let reading = classify(provider, status, &bytes(&case["body"]));
            assert_eq!(reading.verdict, verdict(&case), "{} {case:#}", provider.slug);
            assert_eq!(reading.retry, case["retry"] == true, "{} {case:#}", provider.slug);
            assert_eq!(reading.key_accepted, case["key_accepted"] == true, "{} {case:#}", provider.slug);
            n_cases += 1;
        }
    }
    assert!(n_cases >= 43, "only {n_cases} cases were found");
}

#[tokio::test]
async fn every_recorded_error_becomes_a_report_with_words_and_a_step() {
    for provider in ALL {
        for case in cases(provider).into_iter().filter(|case| !verdict(case).passes()) {
            let fake = fake().await;
            let status = u16::try_from(case["status"].as_u64().expect("a status")).expect("a status");
            let is_of_sign_in = case["body"]["error"].is_string() && provider.slug == "vertex-ai";
            let in_path = match provider.slug {
                "vertex-ai" if is_of_sign_in => "/token",
                "vertex-ai" => ":countTokens",
                _ => "/",
            };
            fake.reply_with(in_path, answer(status, &[], case["body"].clone()));
            let report = check_right(provider, &fake).await;
            let is_second_proof =
                case["body"]["error"]["message"].as_str().is_some_and(|m| m.contains("Missing scopes"));
            assert!(report.verdict == verdict(&case) || is_second_proof, "{} {case:#} {report:#?}", provider.slug);
            assert!(report.message.ends_with(['.', '?', ')']) && report.message.len() > 30, "{report:#?}");
            assert!(!report.message.contains('{'), "{report:#?}");
            let failed: Vec<_> = report.steps.iter().filter(|step| step.exchange.is_some()).collect();
            assert_eq!(failed.len(), 1, "{report:#?}");
            assert!(failed[0].detail.contains(&format!("answered {status}")), "{report:#?}");
        }
    }
}

#[test]
fn answers_that_are_no_json_are_read_by_their_words_or_status() {
    let openai = ALL[0];
    let page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let reading = classify(openai, 502, page);
    assert_eq!((reading.verdict, reading.words.as_str()), (Verdict::Overloaded, "502 Bad Gateway"));
    assert_eq!(classify(openai, 418, b"").verdict, Verdict::StrangeAnswer);
    assert_eq!(classify(openai, 401, b"[]").verdict, Verdict::BadKey);
    assert_eq!(classify(openai, 529, b"null").verdict, Verdict::Overloaded);
}

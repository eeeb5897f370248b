//! What holds for every provider, also for the eighth.

use claviger::domain::check::{CheckReport, Outcome, StepKind, Verdict};
use claviger::providers::Provider;
use serde_json::json;

use super::{GOOD_KEY, check, check_right, fake, outcomes, right_answers, step};
use crate::support::fake_provider::{FakeProvider, Reply, answer};
use crate::support::google_account::GoogleAccount;
use crate::support::parts::project;

/// Runs all of it. Every provider's test calls this.
pub async fn contract(provider: &'static Provider) {
    assert!(project().join("tests/fixtures").join(provider.slug).join("errors.json").exists(), "fixtures are missing");
    a_good_key_passes(provider).await;
    a_bad_key_is_named(provider).await;
    a_server_that_is_down_may_work_later(provider).await;
    nonsense_is_told_from_a_bad_key(provider).await;
    a_key_in_an_error_stays_out_of_the_report(provider).await;
    a_short_wait_is_waited_once(provider).await;
}

async fn a_good_key_passes(provider: &'static Provider) {
    let report = check_right(provider, &fake().await).await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert!(!report.models.is_empty() && !report.message.is_empty(), "{report:#?}");
    let tried = report.steps.iter().filter(|step| step.kind != StepKind::SecureConnection);
    assert!(tried.clone().all(|step| step.outcome == Outcome::Passed), "{report:#?}");
    assert!(tried.clone().all(|step| step.took_ms.is_some()), "{report:#?}");
    assert_eq!(step(&report, StepKind::SecureConnection).title, "Not encrypted (plain http)");
    assert_no_secret(&report);
}

async fn a_bad_key_is_named(provider: &'static Provider) {
    let fake = FakeProvider::spawn().await;
    fake.good_key("another-key-entirely");
    fake.offer(&["fake-large"]);
    let report = check_right(provider, &fake).await;
    assert_eq!(report.verdict, Verdict::BadKey, "{report:#?}");
    let field = report.field.and_then(|name| provider.field(name)).expect("the field of the key");
    assert!(field.kind.secret().is_some(), "{report:#?}");
    let key_step = step(&report, StepKind::KeyAccepted);
    assert_eq!(key_step.outcome, Outcome::Failed, "{report:#?}");
    assert!(key_step.detail.contains("answered 4") && key_step.exchange.is_some(), "{report:#?}");
    assert_eq!(step(&report, StepKind::ModelsFound).outcome, Outcome::NotTried, "{report:#?}");
    assert!(!report.verdict.may_work_later());
    assert_no_secret(&report);
}

async fn a_server_that_is_down_may_work_later(provider: &'static Provider) {
    let fake = fake().await;
    fake.reply_with("", answer(503, &[], json!({ "error": { "message": "down for maintenance" } })));
    let report = check_right(provider, &fake).await;
    assert_eq!(report.verdict, Verdict::Overloaded, "{report:#?}");
    assert!(report.message.contains("503") && report.verdict.may_work_later(), "{report:#?}");

    let submission = right_answers(provider, &fake);
    let settings = fake.outbound_settings();
    drop(fake);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let outbound = claviger::providers::outbound::Outbound::new(settings).expect("a client");
    let (target, secrets) = provider.read(submission, outbound.policy(), &[]).expect("a submission");
    let report = provider.check(&outbound, &target, &secrets, claviger::clock::Clock::default().now()).await;
    assert_eq!(report.verdict, Verdict::Unreachable, "{report:#?}");
    assert_eq!(step(&report, StepKind::SecureConnection).outcome, Outcome::Failed, "{report:#?}");
    assert_eq!(outcomes(&report).iter().filter(|outcome| **outcome == Outcome::Failed).count(), 1, "{report:#?}");
}

async fn nonsense_is_told_from_a_bad_key(provider: &'static Provider) {
    let elsewhere = fake().await;
    for reply in [Reply::Garbage, Reply::Huge, Reply::Redirect(elsewhere.url("/stolen").to_string())] {
        let fake = fake().await;
        fake.reply_with("", reply.clone());
        let report = check_right(provider, &fake).await;
        let is_named = matches!(report.verdict, Verdict::StrangeAnswer | Verdict::WrongEndpoint);
        assert!(is_named, "{reply:?} {report:#?}");
        assert_no_secret(&report);
    }
    assert_eq!(elsewhere.requests().len(), 0, "a key followed a redirect");
}

async fn a_key_in_an_error_stays_out_of_the_report(provider: &'static Provider) {
    let fake = fake().await;
    fake.reply_with("", Reply::EchoKey);
    let report = check_right(provider, &fake).await;
    assert_eq!(report.verdict, Verdict::BadKey, "{report:#?}");
    assert_no_secret(&report);
}

async fn a_short_wait_is_waited_once(provider: &'static Provider) {
    let slow_down = || answer(429, &[("retry-after", "1")], json!({ "error": { "message": "Rate limit reached" } }));
    let fake = fake().await;
    fake.reply_once_with("", slow_down());
    assert_eq!(check_right(provider, &fake).await.verdict, Verdict::Ok);

    fake.recover();
    fake.reply_with("", answer(429, &[("retry-after", "20")], json!({ "error": { "message": "Rate limit reached" } })));
    let report = check(provider, &fake, right_answers(provider, &fake)).await;
    assert_eq!((report.verdict, report.retry_after_s), (Verdict::RateLimited, Some(20)), "{report:#?}");
    assert!(report.message.contains("Check again in 20 seconds"), "{report:#?}");
    assert_eq!(fake.requests().len(), 1, "waited longer than anybody would");
}

/// No eight characters in a row of any secret, in whatever encoding, are anywhere in a report.
#[track_caller]
pub fn assert_no_secret(report: &CheckReport) {
    use base64::Engine as _;
    let shown = format!("{report:?}");
    let account = GoogleAccount::shared();
    let pem_body: String = account.private_key.lines().filter(|line| !line.starts_with("-----")).collect();
    let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&GOOD_KEY[..GOOD_KEY.len() / 3 * 3]);
    for secret in [GOOD_KEY.to_owned(), encoded, account.key_id, pem_body, "ya29.fake-access-token".to_owned()] {
        for window in secret.as_bytes().windows(8) {
            let window = std::str::from_utf8(window).expect("text");
            assert!(!shown.contains(window), "{window} is in {report:#?}");
        }
    }
}

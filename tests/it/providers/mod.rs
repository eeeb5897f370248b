//! Every provider against scripted servers that speak its format.

mod anthropic;
mod azure_ai_foundry;
mod azure_openai;
mod contract;
mod custom;
mod errors;
mod gemini;
mod openai;
mod target_uris;
mod values;
mod vertex_ai;

use claviger::clock::Clock;
use claviger::domain::check::{CheckReport, Outcome, Step, StepKind};
use claviger::domain::secret::{Secret, SecretField, Secrets};
use claviger::providers::outbound::Outbound;
use claviger::providers::{Provider, Submission};

use crate::support::fake_provider::FakeProvider;
use crate::support::google_account::GoogleAccount;

/// A key of a length and look that any of the providers could have made.
pub const GOOD_KEY: &str = "k3y-Tq7Zr1Vw5Xy9Bc2Df6Gh-x4Qa";

/// A fake that knows [`GOOD_KEY`] and the shared service account, and offers models by names that fit all.
async fn fake() -> FakeProvider {
    let fake = FakeProvider::spawn().await;
    fake.good_key(GOOD_KEY);
    fake.know(&GoogleAccount::shared());
    fake.offer(&["gemini-3.5-flash-lite", "fake-large"]);
    fake
}

/// What somebody types who has all values right.
fn right_answers(provider: &Provider, fake: &FakeProvider) -> Submission {
    let mut secrets = Secrets::default();
    if provider.field("google_application_credentials").is_some() {
        let file = GoogleAccount::shared().key_file().to_string();
        secrets.put(SecretField::GoogleApplicationCredentials, Secret::new(file));
    } else {
        secrets.put(SecretField::ApiKey, Secret::new(GOOD_KEY.to_owned()));
    }
    let endpoint = if provider.slug == "custom" { "/v1" } else { "" };
    Submission {
        deployment_name: Some("fake-large".to_owned()),
        endpoint: Some(format!("{}{endpoint}", fake.base_url())),
        secrets,
        ..Submission::default()
    }
}

/// Reads a submission and checks it, as a form does.
async fn check(provider: &'static Provider, fake: &FakeProvider, submission: Submission) -> CheckReport {
    let outbound = Outbound::new(fake.outbound_settings()).expect("a client");
    let (target, secrets) = provider.read(submission, outbound.policy(), &[]).expect("a submission that can be read");
    provider.check(&outbound, &target, &secrets, Clock::default().now()).await
}

/// Checks with all values right.
async fn check_right(provider: &'static Provider, fake: &FakeProvider) -> CheckReport {
    check(provider, fake, right_answers(provider, fake)).await
}

#[track_caller]
fn step(report: &CheckReport, kind: StepKind) -> &Step {
    let found = report.steps.iter().find(|step| step.kind == kind);
    found.unwrap_or_else(|| panic!("no step {kind:?} in {report:#?}"))
}

fn outcomes(report: &CheckReport) -> Vec<Outcome> {
    report.steps.iter().map(|step| step.outcome).collect()
}

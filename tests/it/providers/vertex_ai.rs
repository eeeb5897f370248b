use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger::clock::Clock;
use claviger::domain::check::{Outcome, StepKind, Verdict};
use claviger::domain::secret::{Secret, SecretField};
use claviger::providers::Submission;
use claviger::providers::outbound::Outbound;
use claviger::providers::policy::Policy;
use claviger::providers::vertex_ai::PROVIDER;
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, LineEnding};
use serde_json::{Value, json};

use super::contract::contract;
use super::{check, check_right, fake, right_answers, step};
use crate::support::google_account::GoogleAccount;

#[tokio::test]
async fn keeps_the_contract_of_all_providers() {
    contract(&PROVIDER).await;
}

#[tokio::test]
async fn a_check_signs_in_lists_and_looks_each_model_up() {
    let fake = fake().await;
    fake.offer(&["gemini-3.8-flash", "gemini-3.5-flash-lite"]);
    let report = check_right(&PROVIDER, &fake).await;
    let models = "/v1/projects/fennel-ml-prod/locations/global/publishers/google/models";
    let expected = [
        "/token".to_owned(),
        "/v1beta1/publishers/google/models".to_owned(),
        format!("{models}/gemini-3.5-flash-lite:countTokens"),
        format!("{models}/gemini-3.8-flash:countTokens"),
    ];
    assert_eq!(fake.paths(), expected);
    assert_eq!(report.models.len(), 2, "{report:#?}");
    assert!(step(&report, StepKind::KeyAccepted).detail.contains("prompts@fennel-ml-prod"));
}

#[tokio::test]
async fn models_that_the_location_lacks_are_left_out() {
    let fake = fake().await;
    fake.offer(&["gemini-3.8-flash", "gemini-3.5-flash-lite"]);
    let words = json!({ "error": { "code": 404, "message": "Publisher Model was not found", "status": "NOT_FOUND" } });
    fake.answer_with("flash-lite:countTokens", 404, words.clone());
    let report = check_right(&PROVIDER, &fake).await;
    assert_eq!(report.models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["gemini-3.8-flash"]);

    fake.answer_with(":countTokens", 404, words);
    let submission = Submission { google_location: Some("europe-west4".to_owned()), ..right_answers(&PROVIDER, &fake) };
    let report = check(&PROVIDER, &fake, submission).await;
    assert_eq!((report.verdict, report.field), (Verdict::WrongModel, Some("google_location")), "{report:#?}");
    assert_eq!(report.suggestion.as_deref(), Some("global"));
    assert_eq!(step(&report, StepKind::KeyAccepted).outcome, Outcome::Passed);
}

#[tokio::test]
async fn a_switched_off_api_is_told_with_its_project() {
    let fake = fake().await;
    let details = json!([{ "reason": "SERVICE_DISABLED" }]);
    fake.answer_with(
        ":countTokens",
        403,
        json!({ "error": { "code": 403, "message": "disabled", "status": "PERMISSION_DENIED", "details": details } }),
    );
    let report = check_right(&PROVIDER, &fake).await;
    let words =
        "Vertex AI isn’t switched on for project fennel-ml-prod. Enable the Vertex AI API there, then check again.";
    assert_eq!((report.verdict, report.message.as_str()), (Verdict::ApiDisabled, words));
}

#[tokio::test]
async fn a_wrong_clock_is_told_from_a_wrong_key() {
    let fake = fake().await;
    let outbound = Outbound::new(fake.outbound_settings()).expect("a client");
    let (target, secrets) = PROVIDER.read(right_answers(&PROVIDER, &fake), outbound.policy(), &[]).expect("read");
    let yesterday = Clock::default().now() - chrono::TimeDelta::days(1);
    let report = PROVIDER.check(&outbound, &target, &secrets, yesterday).await;
    assert_eq!(report.verdict, Verdict::ClockSkew, "{report:#?}");
    assert!(report.message.starts_with("This server’s clock is wrong"), "{report:#?}");
}

/// What reading a pasted file comes to.
fn read(pasted: &str) -> Result<Value, String> {
    let mut submission = Submission::default();
    submission.secrets.put(SecretField::GoogleApplicationCredentials, Secret::new(pasted.to_owned()));
    match PROVIDER.read(submission, &Policy::default(), &[]) {
        Ok((_, secrets)) => {
            let json = secrets.get(SecretField::GoogleApplicationCredentials).expect("the file").expose();
            Ok(serde_json::from_str(json).expect("JSON"))
        }
        Err(errors) => Err(errors.iter().map(|(_, error)| error.message.clone()).collect()),
    }
}

#[test]
fn files_that_were_mangled_on_the_way_are_repaired() {
    let file = GoogleAccount::shared().key_file();
    let text = file.to_string();
    let key = file["private_key"].as_str().expect("a key");
    let with_key = |key: &str| {
        let mut file = file.clone();
        file["private_key"] = json!(key);
        file.to_string()
    };
    let mangled = [
        ("as it is", text.clone()),
        ("pretty", serde_json::to_string_pretty(&file).expect("JSON")),
        ("byte-order mark", format!("\u{feff}{text}\n")),
        ("base64", STANDARD.encode(&text)),
        (
            "base64 in lines",
            STANDARD.encode(&text).as_bytes().chunks(76).map(|l| format!("{}\n", String::from_utf8_lossy(l))).collect(),
        ),
        ("a JSON string", json!(text).to_string()),
        ("escaped without its quotes", json!(text).to_string().trim_matches('"').to_owned()),
        ("newlines escaped twice", with_key(&key.replace('\n', "\\n"))),
        ("newlines lost", with_key(&key.replace('\n', " "))),
        ("newlines raw", text.replace("\\n", "\n")),
        ("carriage returns", with_key(&key.replace('\n', "\r\n"))),
    ];
    for (how, pasted) in mangled {
        assert_eq!(read(&pasted).as_ref(), Ok(&file), "{how}");
    }
}

#[test]
fn a_key_in_the_older_pem_of_rsa_is_taken() {
    let mut file = GoogleAccount::shared().key_file();
    let key = RsaPrivateKey::from_pkcs8_pem(file["private_key"].as_str().expect("a key")).expect("an RSA key");
    let older = key.to_pkcs1_pem(LineEnding::LF).expect("a PEM");
    file["private_key"] = json!(older.as_str());
    assert_eq!(read(&file.to_string()), Ok(file));
}

#[test]
fn what_is_no_key_file_is_named() {
    let file = GoogleAccount::shared().key_file();
    let text = file.to_string();
    let with = |name: &str, value: Value| {
        let mut file = file.clone();
        file[name] = value;
        file.to_string()
    };
    let key = file["private_key"].as_str().expect("a key");
    let elliptic_key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let cases = [
        ("not json".to_owned(), "This isn’t JSON. Copy the whole file, from the first { to the last }."),
        (text[..text.len() - 20].to_owned(), "The end of the file is missing"),
        ("/home/me/key.json".to_owned(), "This is the path of a file"),
        ("C:\\keys\\key.json".to_owned(), "This is the path of a file"),
        ("AIzaSyD-0123456789".to_owned(), "This is a key or token, not a file"),
        (key.to_owned(), "This is only the private key"),
        (
            json!({ "installed": { "client_id": "x" } }).to_string(),
            "This is an OAuth client file. We need a service account key: its \"type\" is service_account.",
        ),
        (json!({ "type": "authorized_user" }).to_string(), "This is one person’s own sign-in"),
        (json!({ "type": "external_account" }).to_string(), "This is a workload identity file"),
        (json!({ "type": "impersonated_service_account" }).to_string(), "This file borrows a service account’s rights"),
        (json!({ "type": "gdch_service_account" }).to_string(), "This is a key for Google Distributed Cloud"),
        (json!({ "a": 1 }).to_string(), "The file doesn’t say what it is"),
        (with("universe_domain", json!("example.com")), "This key is for another cloud"),
        (with("token_uri", json!("https://evil.example/token")), "The file’s token_uri isn’t Google’s"),
        (with("client_email", json!("")), "The file has no client_email"),
        (with("private_key", json!(&key[..key.len() / 2])), "The private key in this file is cut off"),
        (
            with("private_key", json!("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n")),
            "The private key in this file can’t be read",
        ),
        (with("private_key", json!(elliptic_key)), "The private key in this file can’t be read"),
        (
            with("private_key", json!(key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"))),
            "The private key in this file has a password",
        ),
        ("x".repeat(40_000), "That’s too long"),
    ];
    for (pasted, expected) in cases {
        let error = read(&pasted).expect_err(expected);
        assert!(error.starts_with(expected), "{error} / {expected}");
        assert!(!error.contains("PRIVATE KEY--"), "{error}");
    }
}

#[test]
fn project_and_location_cannot_change_the_address() {
    let try_with = |project: &str, location: &str| {
        let file = GoogleAccount::shared().key_file().to_string();
        let mut submission = Submission {
            google_project_id: Some(project.to_owned()),
            google_location: Some(location.to_owned()),
            ..Submission::default()
        };
        submission.secrets.put(SecretField::GoogleApplicationCredentials, Secret::new(file));
        PROVIDER.read(submission, &Policy::default(), &[]).map(|(target, _)| target)
    };
    for project in ["fennel-ml-prod", "example.com:fennel", "123456789012"] {
        assert!(try_with(project, "europe-west4").is_ok(), "{project}");
    }
    for project in ["a/b", "Fennel ML", "short", "../../x", "fennel-", "fennel?x=1", "1234"] {
        assert!(try_with(project, "global").is_err_and(|errors| errors.on("google_project_id").is_some()), "{project}");
    }
    for location in ["evil.example/", "us central", "-us", "a@b", "us.central1", "1"] {
        assert!(try_with("fennel-ml-prod", location).is_err_and(|e| e.on("google_location").is_some()), "{location}");
    }
    assert_eq!(
        try_with("fennel-ml-prod", "Europe-West4").expect("read").google_location.as_deref(),
        Some("europe-west4")
    );
}

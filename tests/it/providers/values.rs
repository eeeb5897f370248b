//! The providers as values: what pages, forms and the REST API rely on.

use std::collections::BTreeSet;

use claviger::domain::connection::Target;
use claviger::domain::field_errors::FieldError;
use claviger::domain::secret::{Secret, SecretField, Secrets};
use claviger::providers::form::{FieldKind, plain};
use claviger::providers::policy::Policy;
use claviger::providers::{ALL, Submission, by_api_name, by_slug};

#[test]
fn slugs_names_and_monograms_are_unique_and_found() {
    let slugs: BTreeSet<_> = ALL.iter().map(|provider| provider.slug).collect();
    let monograms: BTreeSet<_> = ALL.iter().map(|provider| provider.monogram).collect();
    assert_eq!((slugs.len(), monograms.len()), (ALL.len(), ALL.len()));
    for provider in ALL {
        assert_eq!(by_slug(provider.slug).map(|found| found.name), Some(provider.name));
        assert_eq!(by_api_name(provider.api_name).map(|found| found.slug), Some(provider.slug));
    }
    assert!(by_slug("OpenAI").is_none() && by_api_name("openai").is_none());
}

#[test]
fn forms_have_exactly_the_fields_that_the_product_promises() {
    let promised = [
        ("openai", "api_key*"),
        ("gemini", "api_key*"),
        ("vertex-ai", "google_application_credentials* google_project_id google_location"),
        ("anthropic", "api_key*"),
        ("azure-openai", "deployment_name* endpoint* api_key*"),
        ("azure-ai-foundry", "deployment_name* endpoint* api_key*"),
        ("custom", "deployment_name* endpoint* api_key auth_token"),
    ];
    for (slug, expected) in promised {
        let provider = by_slug(slug).expect("a provider");
        let fields = provider.fields.iter().map(|f| format!("{}{}", f.name, if f.required { "*" } else { "" }));
        assert_eq!(fields.collect::<Vec<_>>().join(" "), expected, "{slug}");
        assert_eq!(provider.is_single(), !provider.fields.iter().any(|f| f.kind == FieldKind::Url), "{slug}");
        assert!(provider.fields.iter().all(|f| !f.label.is_empty() && f.when_empty.ends_with('.')), "{slug}");
        assert!(!plain(provider.form_intro).is_empty() && !provider.help.is_empty(), "{slug}");
    }
}

#[test]
fn an_empty_form_says_what_to_enter_in_every_required_field() {
    for provider in ALL {
        let errors = provider.read(Submission::default(), &Policy::default(), &[]).expect_err("nothing was typed");
        for field in provider.fields {
            let error = errors.on(field.name).map(|error| error.message.as_str());
            assert_eq!(error, field.required.then_some(field.when_empty), "{} {}", provider.slug, field.name);
        }
    }
    let openai = by_slug("openai").expect("openai");
    let errors = openai.read(Submission::default(), &Policy::default(), &[]).expect_err("nothing was typed");
    assert_eq!(errors.on("api_key").map(FieldError::summary), Some("Enter the API key"));
}

#[test]
fn a_kept_secret_may_be_left_empty_but_not_replaced_by_spaces() {
    for provider in ALL.iter().filter(|provider| provider.is_single()) {
        let mut submission = Submission::default();
        submission.secrets.put(SecretField::ApiKey, Secret::new("   ".to_owned()));
        let kept = provider.fields.iter().filter_map(|field| field.kind.secret()).collect::<Vec<_>>();
        let (_, secrets) = provider.read(submission, &Policy::default(), &kept).expect("kept");
        assert!(secrets.is_empty(), "{}", provider.slug);
    }
}

#[test]
fn a_portal_page_and_a_missing_name_are_both_told() {
    let azure = by_slug("azure-openai").expect("azure");
    let mut submission = Submission {
        endpoint: Some("https://portal.azure.com/#@fennel/resource/cognitive".to_owned()),
        ..Submission::default()
    };
    submission.secrets.put(SecretField::ApiKey, Secret::new("0123456789abcdef0123456789ab7f3a".to_owned()));
    let errors = azure.read(submission, &Policy::default(), &[]).expect_err("two things are wrong");
    assert_eq!(errors.iter().count(), 2);
    assert_eq!(errors.on("deployment_name").map(|e| e.message.as_str()), Some("Enter the deployment name."));
    assert_eq!(
        errors.on("endpoint").map(|e| e.message.as_str()),
        Some(
            "The endpoint is a page in the Azure portal, not the target URI. Copy Target URI from the deployment’s Details."
        )
    );
}

#[test]
fn overlong_and_binary_fields_are_refused() {
    let custom = by_slug("custom").expect("custom");
    for bad in ["m".repeat(513), "a\u{0}b".to_owned(), "a\nb".to_owned()] {
        let submission = Submission {
            deployment_name: Some(bad),
            endpoint: Some("https://llm.fennel.example/v1".to_owned()),
            ..Submission::default()
        };
        let errors = custom.read(submission, &Policy::default(), &[]).expect_err("refused");
        assert!(errors.on("deployment_name").is_some());
    }
}

#[test]
fn a_secret_goes_to_the_origin_of_its_endpoint_or_to_its_provider() {
    let at = |slug: &str, endpoint: &str| {
        let target = Target { endpoint: Some(endpoint.to_owned()), ..Target::default() };
        by_slug(slug).expect("a provider").destination(&target).to_string()
    };
    assert_eq!(at("openai", "https://evil.example"), "provider:openai");
    assert_eq!(at("azure-openai", "https://ACME.openai.azure.com/openai"), "https://acme.openai.azure.com:443");
    assert_eq!(at("custom", "http://127.0.0.1:11434/v1"), "http://127.0.0.1:11434");
    assert_eq!(at("custom", "no address"), "provider:custom");
}

#[test]
fn fingerprints_show_four_characters_of_long_keys_and_nothing_of_tokens() {
    let custom = by_slug("custom").expect("custom");
    let mut secrets = Secrets::default();
    secrets.put(SecretField::ApiKey, Secret::new("sk-0123456789abcdefx4Qa".to_owned()));
    secrets.put(SecretField::AuthToken, Secret::new("0123456789abcdef0123".to_owned()));
    let tails: Vec<_> = custom.fingerprints(&secrets).into_iter().map(|print| print.tail).collect();
    assert_eq!(tails, [Some("x4Qa".to_owned()), None]);
}

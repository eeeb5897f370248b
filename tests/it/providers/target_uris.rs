//! From pasted endpoints to the addresses that are called: every recorded case.

use claviger::providers::policy::{AllowRule, Policy};
use claviger::providers::target_uris::{Auth, ChatUrl, Fault, azure_ai_foundry, azure_openai, below, custom};
use serde_json::Value;

use crate::support::parts::project;

fn policy() -> Policy {
    Policy::new(AllowRule::parse_list("127.0.0.1,::1").expect("rules"), None)
}

fn cases() -> Vec<Value> {
    let file = project().join("tests/fixtures/target_uris.json");
    serde_json::from_slice(&std::fs::read(file).expect("a file of cases")).expect("JSON")
}

#[test]
fn every_recorded_endpoint_leads_where_it_should() {
    for case in cases() {
        let (endpoint, name) = (case["endpoint"].as_str().expect("text"), case["deployment"].as_str().expect("text"));
        let found = match case["provider"].as_str() {
            Some("AzureOpenAI") => azure_openai(endpoint, name, &policy()),
            Some("AzureAIFoundry") => azure_ai_foundry(endpoint, name, &policy()),
            _ => custom_chat_urls(endpoint),
        };
        match case["error"].as_str() {
            Some(expected) => {
                let fault = found.expect_err(endpoint);
                assert!(expected.starts_with(word(&fault)), "{case:#} {fault:?}");
                assert!(!fault.into_errors().is_empty());
            }
            None => assert_resolved(&case, &found.unwrap_or_else(|fault| panic!("{case:#} {fault:?}"))),
        }
    }
}

/// The recorded address is the first to be tried, but for a custom server without `/v1`: there it is the second.
fn assert_resolved(case: &Value, found: &[ChatUrl]) {
    let note = case["note"].as_str().unwrap_or_default();
    let chosen = if note.starts_with("no /v1") { found.last() } else { found.first() }.expect("an address");
    assert_eq!(chosen.url.as_str(), case["chat_url"], "{case:#}");
    assert_eq!(chosen.model_in_body, case["model_in_body"] == true, "{case:#}");
    let header = match chosen.auth {
        Auth::ApiKey => "api-key",
        Auth::XApiKey => "x-api-key",
        Auth::Bearer => "Authorization: Bearer",
    };
    assert_eq!(header, case["auth_header"], "{case:#}");
    if let Some((_, rest)) = note.split_once("fall back to ") {
        let fallback = rest.split(' ').next().expect("an address");
        assert_eq!(found[1].url.as_str(), fallback, "{case:#}");
    }
}

fn custom_chat_urls(endpoint: &str) -> Result<Vec<ChatUrl>, Fault> {
    let chat = |base: url::Url| ChatUrl {
        url: below(&base, "chat/completions"),
        auth: Auth::Bearer,
        model_in_body: true,
        wire: claviger::providers::target_uris::Wire::OpenAi,
    };
    Ok(custom(endpoint, &policy())?.into_iter().map(chat).collect())
}

fn word(fault: &Fault) -> &'static str {
    match fault {
        Fault::OtherDeployment { .. } => "deployment_mismatch",
        Fault::NotAbsolute { .. } => "not_absolute",
        Fault::Portal => "portal_address",
        Fault::Userinfo => "userinfo_in_url",
        Fault::Url(_) => "blocked_address",
        _ => "another fault",
    }
}

#[test]
fn a_project_address_of_foundry_stands_for_its_resource() {
    let found = azure_ai_foundry("https://acme.services.ai.azure.com/api/projects/p1", "m", &policy()).expect("urls");
    assert_eq!(found[0].url.as_str(), "https://acme.services.ai.azure.com/openai/v1/chat/completions");
    assert_eq!(
        found[1].url.as_str(),
        "https://acme.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview"
    );
}

#[test]
fn a_target_uri_for_something_else_than_chat_is_refused() {
    let uri = "https://a.openai.azure.com/openai/deployments/d/embeddings?api-version=2024-10-21";
    assert_eq!(azure_openai(uri, "d", &policy()), Err(Fault::NotChat { operation: "embeddings".to_owned() }));
}

#[test]
fn a_key_in_the_query_is_refused_and_left_out_of_the_suggestion() {
    let fault =
        azure_openai("https://apim.acme.example/llm?subscription-key=s3cret", "d", &policy()).expect_err("refused");
    assert_eq!(fault, Fault::Query { suggestion: "https://apim.acme.example/llm".to_owned() });
    assert!(custom("https://x.example/v1?key=s3cret", &policy()).is_err());
}

#[test]
fn a_doubled_version_is_refused_with_the_right_address() {
    let fault = custom("https://llm.fennel.example/v1/v1/chat/completions", &policy()).expect_err("refused");
    let errors = fault.into_errors();
    let error = errors.on("endpoint").expect("an error");
    assert_eq!(error.suggestion.as_deref(), Some("https://llm.fennel.example/v1"));
}

#[test]
fn a_deployment_cannot_climb_out_of_its_path() {
    for name in ["..", "a/b", "a?b", "a#b", "a b", "a%2fb"] {
        assert_eq!(azure_openai("https://a.openai.azure.com", name, &policy()), Err(Fault::DeploymentName), "{name}");
    }
}

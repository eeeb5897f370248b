//! Gemini with an AI Studio key. Facts: <https://ai.google.dev/api/models>.

use crate::domain::check::Verdict;

use super::calls::{Call, MODEL_LIST_MAX_BYTES};
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, When, accepted, refused};
use super::findings::{Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece, WHAT_WE_CHECK};
use super::provider::{Cardinality, Place, Provider};
use super::target_uris::below;
use super::wire::google;

const KEYS: &str = "https://aistudio.google.com/apikey";

/// Gemini.
pub static PROVIDER: Provider = Provider {
    slug: "gemini",
    api_name: "Gemini",
    name: "Gemini",
    monogram: "Ge",
    cardinality: Cardinality::OnePerOrganization,
    chooser: "You’ll need an API key.",
    form_title: "Connect Gemini",
    form_intro: &[
        Piece::Text("One key for the organization. It opens the "),
        Piece::Link { href: "/supported-models", text: "supported Gemini models" },
        Piece::Text("."),
    ],
    fields: &[form::api_key(&[
        Piece::Text("Find it under "),
        Piece::Link { href: KEYS, text: "API keys" },
        Piece::Text(" in Google AI Studio. New ones start with "),
        Piece::Code("AQ."),
    ])],
    help: &[
        HelpSection {
            heading: "Find your key",
            blocks: &[HelpBlock::Steps(&[
                &[
                    Piece::Text("Sign in to "),
                    Piece::Link { href: "https://aistudio.google.com/", text: "Google AI Studio" },
                    Piece::Text(" and open API keys."),
                ],
                &[
                    Piece::Text("Choose "),
                    Piece::Strong("Create API key"),
                    Piece::Text(" and a Google Cloud project for it."),
                ],
                &[Piece::Text("Copy the whole key.")],
            ])],
        },
        HelpSection {
            heading: "An older key?",
            blocks: &[HelpBlock::Paragraph(&[
                Piece::Text("Google is retiring the keys that start with "),
                Piece::Code("AIza"),
                Piece::Text(". If yours is refused, create a new one."),
            ])],
        },
        WHAT_WE_CHECK,
        HOW_IT_IS_KEPT,
    ],
    key_page: Some(Link { href: KEYS, text: "Google AI Studio" }),
    place: Place::Fixed,
    rules: &[RULES],
    review: |_| {},
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

/// More pages than Google has ever needed.
const MAX_PAGES: usize = 5;
/// So many models are tried before a list counts as one of retired models.
const MAX_TRIES: usize = 3;

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let base = check.bases().gemini.clone();
    check.reach(&base).await?;
    let key = check.key()?;
    let mut models = Vec::new();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let mut url = below(&base, "v1beta/models");
        url.query_pairs_mut()
            .append_pair("pageSize", "1000")
            .extend_pairs(page.iter().map(|token| ("pageToken", token)));
        let call = || Call::get(url.clone()).secret_header("x-goog-api-key", "", key).at_most(MODEL_LIST_MAX_BYTES);
        let (found, next) = google::gemini_models(&check.ask_json(call).await?);
        models.extend(found);
        page = next;
        if page.is_none() {
            break;
        }
    }
    prove_by_counting(check, &google::cheapest_first(&models)).await?;
    check.pass("Key accepted", "");
    check.conclude(models)
}

/// A key that is bound wrongly lists models all the same. Counting tokens is free and shows it.
async fn prove_by_counting(check: &mut Check<'_>, models: &[String]) -> Result<(), Problem> {
    let key = check.key()?;
    for model in models.iter().take(MAX_TRIES) {
        let url = below(&check.bases().gemini, &format!("v1beta/models/{model}:countTokens"));
        let call = || Call::post_json(url.clone(), google::count_tokens()).secret_header("x-goog-api-key", "", key);
        match check.ask_json(call).await {
            Err(problem) if problem.verdict == Verdict::WrongModel => {}
            Err(problem) => return Err(problem),
            Ok(_) => return Ok(()),
        }
    }
    Ok(())
}

/// What Google's errors mean: <https://cloud.google.com/apis/design/errors> and the reasons of `google.api.ErrorReason`.
const RULES: &[Rule] = &[
    refused(When::Code("API_KEY_INVALID"), Verdict::BadKey, None),
    refused(
        When::Code("ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        Verdict::BadKey,
        Some(
            "Gemini didn’t accept this key. It isn’t bound to the Gemini API the right way. Create a new key in Google AI Studio.",
        ),
    ),
    refused(
        When::Code("API_KEY_SERVICE_BLOCKED"),
        Verdict::NoPermission,
        Some(
            "The key is real, but its API restrictions leave out the Gemini API (Generative Language API). Add it to the key’s restrictions in Google Cloud, or use another key.",
        ),
    ),
    refused(
        When::Code("API_KEY_IP_ADDRESS_BLOCKED"),
        Verdict::NetworkBlocked,
        Some(
            "This key is limited to other IP addresses. Add our addresses to the key’s restrictions in Google Cloud, then check again.",
        ),
    ),
    refused(
        When::Code("API_KEY_HTTP_REFERRER_BLOCKED"),
        Verdict::NoPermission,
        Some(
            "The key is real, but it’s limited to calls from web pages. Take that restriction off in Google Cloud, or use another key.",
        ),
    ),
    refused(When::Code("SERVICE_DISABLED"), Verdict::ApiDisabled, None),
    refused(
        When::Code("CONSUMER_SUSPENDED"),
        Verdict::NoPermission,
        Some(
            "Google has suspended the project that this key belongs to. Find out why in Google Cloud, or use a key of another project.",
        ),
    ),
    refused(
        When::Code("FAILED_PRECONDITION"),
        Verdict::RegionBlocked,
        Some(
            "Google doesn’t serve the country this server calls from, or only with billing switched on. Switch billing on for the key’s project, or call from elsewhere.",
        ),
    ),
    accepted(When::Status(402), Verdict::NoQuota, None),
    accepted(When::Code("NOT_FOUND"), Verdict::WrongModel, Some("That model is shut down or unknown at Google.")),
    refused(
        When::Words(400, "Multiple authentication credentials"),
        Verdict::StrangeAnswer,
        Some(
            "Google says it received two keys at once, though we send one. If a proxy adds a key of its own, switch that off.",
        ),
    ),
    accepted(When::Code("PERMISSION_DENIED"), Verdict::NoPermission, None),
    refused(When::Code("UNAUTHENTICATED"), Verdict::BadKey, None),
];

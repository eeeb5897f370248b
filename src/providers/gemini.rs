//! Gemini with an AI Studio key. Facts: <https://ai.google.dev/api/models>.

use crate::domain::check::Verdict;

use super::calls::{Call, MODEL_LIST_MAX_BYTES};
use super::check::{Check, Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece, WHAT_WE_CHECK};
use super::openai::listed;
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
        Piece::Link { href: "/models", text: "supported Gemini models" },
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
    review: |_| {},
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
    listed(check, models)
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

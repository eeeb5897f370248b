//! Anthropic. Facts: <https://docs.claude.com/en/api/models-list>.

use serde_json::Value;
use url::Url;

use crate::domain::check::{OfferedModel, Verdict};
use crate::domain::secret::Secret;

use super::calls::{Call, MODEL_LIST_MAX_BYTES};
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, SPEND_LIMIT, When, accepted};
use super::findings::{Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece, WHAT_WE_CHECK};
use super::provider::{Cardinality, Place, Provider};
use super::target_uris::below;

const KEYS: &str = "https://console.anthropic.com/settings/keys";

/// Anthropic.
pub static PROVIDER: Provider = Provider {
    slug: "anthropic",
    api_name: "Anthropic",
    name: "Anthropic",
    monogram: "An",
    cardinality: Cardinality::OnePerOrganization,
    chooser: "You’ll need an API key.",
    form_title: "Connect Anthropic",
    form_intro: &[
        Piece::Text("One key for the organization. It opens the "),
        Piece::Link { href: "/supported-models", text: "supported Anthropic models" },
        Piece::Text("."),
    ],
    fields: &[form::api_key(&[
        Piece::Text("Starts with "),
        Piece::Code("sk-ant-"),
        Piece::Text(". Find it under "),
        Piece::Link { href: KEYS, text: "API keys" },
        Piece::Text(" in the Claude Console."),
    ])],
    help: &[
        HelpSection {
            heading: "Find your key",
            blocks: &[HelpBlock::Steps(&[
                &[
                    Piece::Text("Sign in to the "),
                    Piece::Link { href: "https://console.anthropic.com/", text: "Claude Console" },
                    Piece::Text(" and open API keys."),
                ],
                &[
                    Piece::Text("Choose "),
                    Piece::Strong("Create key"),
                    Piece::Text(" in the workspace that should pay."),
                ],
                &[Piece::Text("Copy it straight away. Anthropic shows it once.")],
            ])],
        },
        WHAT_WE_CHECK,
        HOW_IT_IS_KEPT,
    ],
    key_page: Some(Link { href: KEYS, text: "the Claude Console" }),
    place: Place::Fixed,
    rules: &[RULES],
    review: |_| {},
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

/// The version of the format: <https://docs.claude.com/en/api/versioning>.
pub(super) const VERSION: &str = "2023-06-01";
/// More pages of a thousand than there will be models.
const MAX_PAGES: usize = 5;

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let base = check.bases().anthropic.clone();
    check.reach(&base).await?;
    let key = check.key()?;
    let mut models = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut url = below(&base, "v1/models");
        url.query_pairs_mut().append_pair("limit", "1000").extend_pairs(after.iter().map(|id| ("after_id", id)));
        let list = check.ask_json(|| list_call(&url, key)).await?;
        models.extend(list["data"].as_array().into_iter().flatten().filter_map(model));
        after = list["last_id"].as_str().filter(|_| list["has_more"] == true).map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    check.pass("Key accepted", "");
    check.conclude(models)
}

fn list_call(url: &Url, key: &Secret) -> Call {
    Call::get(url.clone())
        .secret_header("authorization", "Bearer ", key)
        .header("anthropic-version", VERSION)
        .at_most(MODEL_LIST_MAX_BYTES)
}

/// Older answers lack all fields but the id.
fn model(entry: &Value) -> Option<OfferedModel> {
    if entry["lifecycle"] == "retired" {
        return None;
    }
    Some(OfferedModel {
        id: entry["id"].as_str()?.to_owned(),
        context_window: entry["max_input_tokens"].as_i64(),
        retires_on: entry["retires_at"].as_str().and_then(|time| time.get(..10)).map(str::to_owned),
    })
}

/// What Anthropic's errors mean: <https://docs.claude.com/en/api/errors>.
const RULES: &[Rule] = &[
    accepted(
        When::Code("enforced_spend_limit_reached"),
        Verdict::NoQuota,
        Some(
            "Anthropic accepted the key, but the organization has reached its monthly limit. Ask Anthropic to raise it, or wait for next month. You can also save now and prompts will start working then.",
        ),
    ),
    accepted(
        When::Code("billing_error"),
        Verdict::NoQuota,
        Some(
            "Anthropic accepted the key, but there’s a problem with the account’s billing. Settle it in the Claude Console, then check again.",
        ),
    ),
    accepted(When::Words(400, "reached your specified API usage limits"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(When::Words(400, "credit balance is too low"), Verdict::NoQuota, None),
    accepted(When::Code("not_found_error"), Verdict::WrongModel, None),
    accepted(When::Code("permission_error"), Verdict::NoPermission, None),
];

//! OpenAI. Facts: <https://platform.openai.com/docs/api-reference/models/list>.

use crate::domain::check::{OfferedModel, Verdict};

use super::calls::{Answer, Call, MODEL_LIST_MAX_BYTES};
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, SPEND_LIMIT, When, accepted, refused};
use super::findings::{Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece, WHAT_WE_CHECK};
use super::provider::{Cardinality, Place, Provider};
use super::target_uris::below;
use super::wire::openai::{self, Limit};

const KEYS: &str = "https://platform.openai.com/api-keys";

/// OpenAI.
pub static PROVIDER: Provider = Provider {
    slug: "openai",
    api_name: "OpenAI",
    name: "OpenAI",
    monogram: "OA",
    cardinality: Cardinality::OnePerOrganization,
    chooser: "You’ll need an API key.",
    form_title: "Connect OpenAI",
    form_intro: &[
        Piece::Text("One key for the organization. It opens the "),
        Piece::Link { href: "/supported-models", text: "supported OpenAI models" },
        Piece::Text("."),
    ],
    fields: &[form::api_key(&[
        Piece::Text("Starts with "),
        Piece::Code("sk-"),
        Piece::Text(". Find it under "),
        Piece::Link { href: KEYS, text: "API keys" },
        Piece::Text(" on the OpenAI platform."),
    ])],
    help: &[
        HelpSection {
            heading: "Find your key",
            blocks: &[HelpBlock::Steps(&[
                &[
                    Piece::Text("Sign in to the OpenAI platform and open API keys. No account? "),
                    Piece::Link { href: "https://platform.openai.com/signup", text: "Create one" },
                    Piece::Text("."),
                ],
                &[
                    Piece::Text("Choose "),
                    Piece::Strong("Create new secret key"),
                    Piece::Text(". A name that says who uses it helps later."),
                ],
                &[Piece::Text("Copy it straight away. OpenAI shows it once.")],
            ])],
        },
        WHAT_WE_CHECK,
        HOW_IT_IS_KEPT,
    ],
    key_page: Some(Link { href: KEYS, text: "your OpenAI account" }),
    place: Place::Fixed,
    rules: &[RULES],
    review: |_| {},
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

/// Cheap current models, to prove a key that may run models but not list them. More than one, since a restricted
/// project may leave some out.
const CHEAP_MODELS: [&str; 3] = ["gpt-6-luna", "gpt-5.6-luna", "gpt-4o-mini"];

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let base = check.bases().openai.clone();
    check.reach(&base).await?;
    let key = check.key()?;
    let url = below(&base, "models");
    let list = || Call::get(url.clone()).secret_header("authorization", "Bearer ", key).at_most(MODEL_LIST_MAX_BYTES);
    let answer = check.ask(list).await?;
    if lacks_scope(&answer) {
        return prove_by_chat(check).await;
    }
    let list = check.json(&answer)?;
    check.pass("Key accepted", "");
    let models = openai::models(&list).unwrap_or_default();
    check.conclude(models)
}

/// A restricted key may run models without being allowed to list them. The status differs; the words do not.
fn lacks_scope(answer: &Answer) -> bool {
    matches!(answer.status, 401 | 403) && answer.text().contains("Missing scopes")
}

async fn prove_by_chat(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let (key, url) = (check.key()?, below(&check.bases().openai, "chat/completions"));
    let mut problem = None;
    for model in CHEAP_MODELS {
        let call = |limit| {
            let body = openai::ping(Some(model), limit);
            Call::post_json(url.clone(), body).secret_header("authorization", "Bearer ", key)
        };
        match openai::chat(check, Limit::MaxCompletionTokens, call).await {
            Ok(_) => return Ok(answered(check, model)),
            Err(other) if other.verdict == Verdict::WrongModel => problem = Some(other),
            Err(other) => return Err(other),
        }
    }
    Err(problem.unwrap_or_else(|| check.problem(Verdict::NoPermission, "The key is allowed no model that we know.")))
}

fn answered(check: &mut Check<'_>, model: &str) -> Proof {
    check.pass("Key accepted", format!("{model} answered a request of a few tokens"));
    check.warn("Models can’t be listed", "The key is restricted, so OpenAI doesn’t tell which models it may use.");
    let message = format!(
        "The key works, but it isn’t allowed to list models, so only {model} is known to work. Give it the permission “List models: Read” at OpenAI to see the others."
    );
    let models = vec![OfferedModel { id: model.to_owned(), context_window: None, retires_on: None }];
    Proof { verdict: Verdict::Limited, models, ..Proof::new(message) }
}

const RESTRICTED: &str = "The key is real, but it isn’t allowed to run models. Give it the permission “Model capabilities: Write” at OpenAI, or use an unrestricted key.";

/// What OpenAI's errors mean: <https://platform.openai.com/docs/guides/error-codes>.
const RULES: &[Rule] = &[
    refused(
        When::Code("ip_not_authorized"),
        Verdict::NetworkBlocked,
        Some("This OpenAI project only allows some IP addresses. Add our addresses to its list, then check again."),
    ),
    accepted(When::Words(401, "Missing scopes"), Verdict::NoPermission, Some(RESTRICTED)),
    accepted(When::Words(403, "Missing scopes"), Verdict::NoPermission, Some(RESTRICTED)),
    refused(When::Code("unsupported_country_region_territory"), Verdict::RegionBlocked, None),
    accepted(When::Code("credit_balance_exhausted"), Verdict::NoQuota, None),
    accepted(When::Code("organization_spend_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(When::Code("project_spend_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(When::Code("organization_usage_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(When::Code("slow_down"), Verdict::RateLimited, None),
];

//! Azure AI Foundry: one connection for each model. Facts:
//! <https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints>.

use crate::domain::check::Verdict;

use super::azure_openai::{self, BEHIND_A_FIREWALL, WHAT_A_CHECK_COSTS, prove_deployment, resolve, review_with};
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, When, accepted, refused};
use super::findings::{Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece};
use super::provider::{Cardinality, Draft, Place, Provider};
use super::target_uris;
use super::wire::openai::Limit;

/// Azure AI Foundry.
pub static PROVIDER: Provider = Provider {
    slug: "azure-ai-foundry",
    api_name: "AzureAIFoundry",
    name: "Azure AI Foundry",
    monogram: "Fo",
    cardinality: Cardinality::OnePerModel,
    chooser: "You’ll need the model name, target URI and key.",
    form_title: "Connect Azure AI Foundry",
    form_intro: &[Piece::Text("One key for each model. To use several models, add each one.")],
    fields: &[
        form::text(
            "deployment_name",
            "Model",
            &[Piece::Text("The name of the deployed model, as its Details page spells it.")],
            "Enter the model name.",
        ),
        form::endpoint(
            &[
                Piece::Text("Foundry calls this the target URI. For example "),
                Piece::Code("https://fennel.services.ai.azure.com/models/chat/completions"),
            ],
            "Enter the endpoint.",
        ),
        form::api_key(&[]),
    ],
    help: &[
        HelpSection {
            heading: "Find these values",
            blocks: &[HelpBlock::Steps(&[
                &[
                    Piece::Text("In "),
                    Piece::Link { href: "https://ai.azure.com/", text: "Azure AI Foundry" },
                    Piece::Text(", open your project and choose "),
                    Piece::Strong("Models + endpoints"),
                    Piece::Text("."),
                ],
                &[Piece::Text("Deploy a chat model, or open one that is deployed.")],
                &[
                    Piece::Text("Open its "),
                    Piece::Strong("Details"),
                    Piece::Text(". Name, target URI and key are there."),
                ],
            ])],
        },
        BEHIND_A_FIREWALL,
        WHAT_A_CHECK_COSTS,
        HOW_IT_IS_KEPT,
    ],
    key_page: Some(Link { href: "https://ai.azure.com/", text: "Azure AI Foundry" }),
    place: Place::Endpoint,
    rules: &[RULES, azure_openai::RULES],
    review,
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

fn review(draft: &mut Draft<'_>) {
    review_with(draft, target_uris::azure_ai_foundry);
}

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let candidates = resolve(check, target_uris::azure_ai_foundry)?;
    // Most models on Foundry are not OpenAI's and know only `max_tokens`.
    prove_deployment(check, &candidates, Limit::MaxTokens).await
}

/// What Foundry's errors mean, where it goes beyond Azure OpenAI.
const RULES: &[Rule] = &[
    accepted(
        When::Code("unknown_model"),
        Verdict::WrongModel,
        Some("There’s no deployment of that name at this endpoint. Use the name on the deployment’s Details page."),
    ),
    accepted(When::Code("no_model_name"), Verdict::WrongModel, None),
    accepted(When::Code("extra_forbidden"), Verdict::Ok, None),
    refused(
        When::Words(404, "Serverless endpoint not found"),
        Verdict::WrongEndpoint,
        Some("This serverless endpoint is gone. Copy the target URI of a deployment that still runs."),
    ),
];

//! Azure OpenAI: one connection for each deployment. Facts:
//! <https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle>.

use serde_json::{Value, json};

use crate::domain::check::{OfferedModel, Verdict};
use crate::domain::secret::Secret;

use super::calls::Call;
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, When, accepted, refused};
use super::findings::{Problem, Proof};
use super::form::{self, HOW_IT_IS_KEPT, HelpBlock, HelpSection, Link, Piece};
use super::provider::{Cardinality, Draft, Place, Provider};
use super::target_uris::{self, Auth, ChatUrl, Fault, Wire};
use super::wire::openai::{self, Limit};
use super::{anthropic, words};

/// Azure OpenAI.
pub static PROVIDER: Provider = Provider {
    slug: "azure-openai",
    api_name: "AzureOpenAI",
    name: "Azure OpenAI",
    monogram: "Az",
    cardinality: Cardinality::OnePerModel,
    chooser: "You’ll need the deployment name, endpoint and key.",
    form_title: "Connect Azure OpenAI",
    form_intro: &[Piece::Text("One key for each deployment. To use several models, add each one.")],
    fields: &[
        form::text(
            "deployment_name",
            "Deployment",
            &[Piece::Text("The deployment’s name, which may differ from the model’s name.")],
            "Enter the deployment name.",
        ),
        form::endpoint(
            &[
                Piece::Text("Azure calls this the target URI. For example "),
                Piece::Code("https://fennel.openai.azure.com"),
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
                    Piece::Text("In the "),
                    Piece::Link {
                        href: "https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/create-resource",
                        text: "Azure portal",
                    },
                    Piece::Text(", create an Azure OpenAI resource."),
                ],
                &[Piece::Text("In Azure OpenAI Studio, create a deployment. Each deployment holds one model.")],
                &[
                    Piece::Text("Open the deployment’s "),
                    Piece::Strong("Details"),
                    Piece::Text(". All three values are there."),
                ],
            ])],
        },
        BEHIND_A_FIREWALL,
        WHAT_A_CHECK_COSTS,
        HelpSection {
            heading: "Which models work",
            blocks: &[HelpBlock::Paragraph(&[Piece::Text(
                "Chat models. We advise against GPT-3.5: it’s often rate limited and can’t read images.",
            )])],
        },
        HOW_IT_IS_KEPT,
    ],
    key_page: Some(Link { href: "https://portal.azure.com/", text: "the Azure portal" }),
    place: Place::Endpoint,
    rules: &[RULES],
    review,
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

/// What to do about a firewall at the provider.
pub(super) const BEHIND_A_FIREWALL: HelpSection = HelpSection {
    heading: "Is your resource behind a firewall?",
    blocks: &[HelpBlock::Paragraph(&[
        Piece::Text("Allow "),
        Piece::Link { href: "/network", text: "our addresses" },
        Piece::Text(" first, or the check can’t get through."),
    ])],
};

/// That this check is not free, because no free call touches the deployment.
pub(super) const WHAT_A_CHECK_COSTS: HelpSection = HelpSection {
    heading: "What we check",
    blocks: &[HelpBlock::Paragraph(&[Piece::Text(
        "We ask the deployment for an answer of at most 16 tokens. Azure has no free call that proves key and deployment.",
    )])],
};

fn review(draft: &mut Draft<'_>) {
    review_with(draft, target_uris::azure_openai);
}

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let candidates = resolve(check, target_uris::azure_openai)?;
    // Azure OpenAI's newer models refuse `max_tokens`.
    prove_deployment(check, &candidates, Limit::MaxCompletionTokens).await
}

/// Turns endpoint and deployment into addresses.
pub(super) type Resolve = fn(&str, &str, &super::policy::Policy) -> Result<Vec<ChatUrl>, Fault>;

/// Notes what is wrong with the endpoint, also while the deployment's name is still missing.
pub(super) fn review_with(draft: &mut Draft<'_>, resolve: Resolve) {
    let Some(endpoint) = &draft.target.endpoint else { return };
    let deployment = draft.target.deployment_name.as_deref().unwrap_or_default();
    let Err(fault) = resolve(endpoint, deployment, draft.policy) else { return };
    draft.add_all(&fault.into_errors());
}

/// The addresses of a stored connection.
pub(super) fn resolve(check: &Check<'_>, resolve: Resolve) -> Result<Vec<ChatUrl>, Problem> {
    let endpoint = check.target.endpoint.as_deref().unwrap_or_default();
    let deployment = check.target.deployment_name.as_deref().unwrap_or_default();
    resolve(endpoint, deployment, check.policy()).map_err(|fault| check.field_problem(&fault.into_errors()))
}

/// Asks a deployment for a few tokens, at one address after the other until one is there.
pub(super) async fn prove_deployment(
    check: &mut Check<'_>,
    candidates: &[ChatUrl],
    first: Limit,
) -> Result<Proof, Problem> {
    if let Some(candidate) = candidates.first() {
        check.reach(&candidate.url).await?;
    }
    let key = check.key()?;
    let mut nothing_there = None;
    for at in candidates {
        match ask(check, at, key, first).await {
            Ok(answer) => return Ok(answered(check, at, &answer)),
            Err(problem) if problem.verdict == Verdict::WrongEndpoint => {
                nothing_there = nothing_there.or(Some(problem));
            }
            Err(problem) => return Err(problem),
        }
    }
    Err(nothing_there.unwrap_or_else(|| check.problem(Verdict::WrongEndpoint, "Enter the endpoint.")))
}

async fn ask(check: &mut Check<'_>, at: &ChatUrl, key: &Secret, first: Limit) -> Result<Value, Problem> {
    let deployment = check.target.deployment_name.as_deref().unwrap_or_default();
    if at.wire == Wire::Anthropic {
        return ask_for_message(check, at, key, deployment).await;
    }
    let model = at.model_in_body.then_some(deployment);
    openai::chat(check, first, |limit| {
        with_key(Call::post_json(at.url.clone(), openai::ping(model, limit)), at.auth, key)
    })
    .await
}

/// Claude on Foundry speaks Anthropic's format.
async fn ask_for_message(check: &mut Check<'_>, at: &ChatUrl, key: &Secret, model: &str) -> Result<Value, Problem> {
    let body = json!({ "model": model, "max_tokens": 16, "messages": [{ "role": "user", "content": "ping" }] });
    let call = || {
        let call = Call::post_json(at.url.clone(), body.clone()).header("anthropic-version", anthropic::VERSION);
        with_key(call, at.auth, key)
    };
    let answer = check.ask_json(call).await?;
    if answer["content"].is_array() {
        return Ok(answer);
    }
    Err(check.problem(
        Verdict::WrongEndpoint,
        "What answered isn’t Claude. Copy the target URI again from the deployment’s Details.",
    ))
}

fn with_key(call: Call, auth: Auth, key: &Secret) -> Call {
    match auth {
        Auth::ApiKey => call.secret_header("api-key", "", key),
        Auth::XApiKey => call.secret_header("x-api-key", "", key),
        Auth::Bearer => call.secret_header("authorization", "Bearer ", key),
    }
}

fn answered(check: &mut Check<'_>, at: &ChatUrl, answer: &Value) -> Proof {
    let deployment = check.target.deployment_name.clone().unwrap_or_default();
    let underlying_model = openai::answered_by(answer).filter(|model| *model != deployment);
    let behind = underlying_model.as_ref().map(|model| format!("It runs {model}.")).unwrap_or_default();
    check.pass("Key accepted", "");
    check.pass(format!("{deployment} found"), behind);
    let message = format!("{} accepted the key, and {deployment} answers.", words::who(check.provider));
    let models = vec![OfferedModel { id: deployment, context_window: None, retires_on: None }];
    Proof { models, chat_url: Some(at.url.clone()), underlying_model, ..Proof::new(message) }
}

/// What Azure's errors mean, and those of the gateways before it.
pub(super) const RULES: &[Rule] = &[
    accepted(When::Code("DeploymentNotFound"), Verdict::WrongDeployment, None),
    accepted(
        When::Code("OperationNotSupported"),
        Verdict::WrongModel,
        Some("The deployment’s model can’t chat. Use a deployment of a chat model."),
    ),
    accepted(When::Code("content_filter"), Verdict::Ok, None),
    accepted(When::Words(400, "output limit was reached"), Verdict::Ok, None),
    refused(
        When::Code("AuthenticationTypeDisabled"),
        Verdict::NoPermission,
        Some(
            "This Azure resource doesn’t take keys (only Entra ID sign-in). Switch key access on for the resource, then check again.",
        ),
    ),
    refused(
        When::Words(401, "Access token is missing"),
        Verdict::BadKey,
        Some(
            "{who} didn’t accept this key. The resource got no key it knows, or takes only Entra ID sign-in. Copy the key and the target URI from the same deployment.",
        ),
    ),
    refused(When::Words(403, "Firewall"), Verdict::NetworkBlocked, None),
    refused(When::Words(403, "Public access is disabled"), Verdict::NetworkBlocked, None),
    refused(
        When::Status(401),
        Verdict::BadKey,
        Some(
            "{who} didn’t accept this key. It doesn’t belong to this endpoint, or was copied without its last characters. Copy the key and the target URI from the same deployment.",
        ),
    ),
    refused(
        When::Status(404),
        Verdict::WrongEndpoint,
        Some("There’s nothing for chat at this address. Copy the target URI again from the deployment’s Details."),
    ),
];

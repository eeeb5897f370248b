//! Any server that speaks the OpenAI format and has JSON mode: Ollama, SGLang, vLLM, llama.cpp, Hugging Face.

use rand::distr::{Alphanumeric, SampleString};
use serde_json::Value;
use url::Url;

use crate::domain::check::StepKind::{Address, JsonMode, KeyAccepted, ModelsFound, NetworkPolicy, SecureConnection};
use crate::domain::check::{OfferedModel, StepKind, Verdict};
use crate::domain::secret::{Secret, SecretField};

use super::calls::{Answer, Call, MODEL_LIST_MAX_BYTES};
use super::check::Check;
use super::classify::{Rule, When, accepted, refused};
use super::findings::{Problem, Proof};
use super::form::{self, Field, FieldKind, HelpBlock, HelpSection, Piece};
use super::json_mode;
use super::provider::{Cardinality, Draft, Place, Provider};
use super::target_uris::{self, below};
use super::wire::openai::{self, Limit};
use super::words;

/// A custom server.
pub static PROVIDER: Provider = Provider {
    slug: "custom",
    api_name: "Custom",
    name: "Custom",
    monogram: "Cu",
    cardinality: Cardinality::OnePerModel,
    chooser: "Your own server: Ollama, SGLang, or anything that speaks the OpenAI format with JSON mode.",
    form_title: "Connect a custom model",
    form_intro: &[Piece::Text("Your own server, if it speaks the OpenAI format and has JSON mode.")],
    fields: &[
        form::text(
            "deployment_name",
            "Name",
            &[Piece::Text("Exactly as your server spells it.")],
            "Enter the model’s name.",
        ),
        form::endpoint(
            &[Piece::Text("The address other servers can reach, ending in "), Piece::Code("/v1")],
            "Enter the endpoint.",
        ),
        Field { required: false, ..form::api_key(&[]) },
        Field {
            name: "auth_token",
            label: "Auth token",
            kind: FieldKind::Secret(SecretField::AuthToken),
            required: false,
            ..form::api_key(&[Piece::Text("Only if a gateway in front of the server asks for one. Most don’t.")])
        },
    ],
    help: &[
        HelpSection {
            heading: "What your server needs",
            blocks: &[HelpBlock::List(&[
                &[Piece::Text("The OpenAI chat format.")],
                &[
                    Piece::Text("JSON mode: it must accept "),
                    Piece::Code("response_format"),
                    Piece::Text(" with "),
                    Piece::Code("json_object"),
                    Piece::Text(" or "),
                    Piece::Code("json_schema"),
                    Piece::Text(" and a schema."),
                ],
                &[
                    Piece::Text("An address this app can reach. "),
                    Piece::Code("localhost"),
                    Piece::Text(" here means this app’s own machine."),
                ],
            ])],
        },
        HelpSection {
            heading: "How we send key and token",
            blocks: &[HelpBlock::List(&[
                &[Piece::Text("Key only: "), Piece::Code("Authorization: Bearer"), Piece::Text(" and the key.")],
                &[Piece::Text("Token only: "), Piece::Code("Authorization"), Piece::Text(" and the token.")],
                &[
                    Piece::Text("Both: the token in "),
                    Piece::Code("Authorization"),
                    Piece::Text(", the key in "),
                    Piece::Code("X-API-Key"),
                    Piece::Text(" and "),
                    Piece::Code("api-key"),
                    Piece::Text("."),
                ],
            ])],
        },
        HelpSection {
            heading: "Example: Ollama",
            blocks: &[HelpBlock::Facts(&[
                ("Name", &[Piece::Code("llama3.2")]),
                ("Endpoint", &[Piece::Code("https://my.openai.endpoint.com/v1")]),
                ("API key", &[Piece::Code("ollama")]),
                ("Auth token", &[Piece::Text("Leave empty")]),
            ])],
        },
        HelpSection {
            heading: "Example: Hugging Face",
            blocks: &[HelpBlock::Facts(&[
                ("Name", &[Piece::Code("deepseek-ai/DeepSeek-R1")]),
                ("Endpoint", &[Piece::Code("https://router.huggingface.co/v1")]),
                ("API key", &[Piece::Text("Your Hugging Face key")]),
            ])],
        },
    ],
    key_page: None,
    place: Place::Endpoint,
    rules: &[RULES],
    review,
    steps: &[Address, NetworkPolicy, SecureConnection, KeyAccepted, ModelsFound, JsonMode],
    prove: |check| Box::pin(prove(check)),
};

fn review(draft: &mut Draft<'_>) {
    let Some(endpoint) = &draft.target.endpoint else { return };
    if let Err(fault) = target_uris::custom(endpoint, draft.policy) {
        draft.add_all(&fault.into_errors());
    }
}

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let endpoint = check.target.endpoint.as_deref().unwrap_or_default();
    let bases =
        target_uris::custom(endpoint, check.policy()).map_err(|fault| check.field_problem(&fault.into_errors()))?;
    if let Some(base) = bases.first() {
        check.reach(base).await?;
    }
    let credentials = Credentials::of(check);
    let (base, offered) = find_base(check, &bases, &credentials).await?;
    let model = check.target.deployment_name.clone().unwrap_or_default();
    require_offered(check, &model, offered.as_deref())?;
    let answer = chat(check, &base, &model, &credentials).await?;
    pass_key(check, &base, &model, &credentials).await?;
    check.pass(format!("Model {model} found"), found_words(&base, endpoint, offered.as_deref()));

    let chat_url = below(&base, "chat/completions");
    let json_mode =
        json_mode::probe(check, &model, || credentials.on(Call::post_json(chat_url.clone(), Value::Null))).await?;
    let (verdict, message) = json_mode::conclude(check, json_mode)?;
    let models = vec![OfferedModel { id: model.clone(), context_window: None, retires_on: None }];
    let underlying_model = openai::answered_by(&answer).filter(|answered| *answered != model);
    Ok(Proof {
        verdict,
        models,
        chat_url: Some(chat_url),
        underlying_model,
        json_mode: Some(json_mode),
        ..Proof::new(message)
    })
}

/// What is sent to be let in: the key, the token of a gateway before the server, both or neither.
struct Credentials {
    key: Option<Secret>,
    token: Option<Secret>,
}

impl Credentials {
    fn of(check: &Check<'_>) -> Self {
        let copy = |field| check.secrets.get(field).map(Secret::duplicate);
        Self { key: copy(SecretField::ApiKey), token: copy(SecretField::AuthToken) }
    }

    /// The same headers with something that nobody can have issued.
    fn wrong(&self) -> Self {
        let wrong = || Secret::new(format!("wrong-{}", Alphanumeric.sample_string(&mut rand::rng(), 24)));
        Self { key: self.key.as_ref().map(|_| wrong()), token: self.token.as_ref().map(|_| wrong()) }
    }

    fn is_empty(&self) -> bool {
        self.key.is_none() && self.token.is_none()
    }

    /// The token belongs to the door, so it takes `Authorization`; the key then goes where gateways pass it on.
    fn on(&self, call: Call) -> Call {
        match (&self.key, &self.token) {
            (None, None) => call,
            (Some(key), None) => call.secret_header("authorization", "Bearer ", key),
            (None, Some(token)) => with_token(call, token),
            (Some(key), Some(token)) => {
                with_token(call, token).secret_header("x-api-key", "", key).secret_header("api-key", "", key)
            }
        }
    }
}

/// A token with a scheme (`Basic …`) is sent as it is.
fn with_token(call: Call, token: &Secret) -> Call {
    let prefix = if token.expose().contains(' ') { "" } else { "Bearer " };
    call.secret_header("authorization", prefix, token)
}

/// The base address that answers, with the models it lists, if it lists any.
async fn find_base(
    check: &mut Check<'_>,
    bases: &[Url],
    credentials: &Credentials,
) -> Result<(Url, Option<Vec<String>>), Problem> {
    for base in bases {
        let url = below(base, "models");
        let answer = check.ask(|| credentials.on(Call::get(url.clone())).at_most(MODEL_LIST_MAX_BYTES)).await?;
        if let Some(models) = answer.json().filter(|_| answer.is_success()).as_ref().and_then(openai::models) {
            return Ok((base.clone(), Some(models.into_iter().map(|model| model.id).collect())));
        }
        if !is_nothing_there(check, &answer) {
            return Err(check.answer_problem(&answer));
        }
    }
    find_base_by_chat(check, bases, credentials).await
}

/// For servers that list no models.
async fn find_base_by_chat(
    check: &mut Check<'_>,
    bases: &[Url],
    credentials: &Credentials,
) -> Result<(Url, Option<Vec<String>>), Problem> {
    let model = check.target.deployment_name.clone().unwrap_or_default();
    let mut nothing_there = None;
    for base in bases {
        match chat(check, base, &model, credentials).await {
            Ok(_) => return Ok((base.clone(), None)),
            Err(problem) if matches!(problem.verdict, Verdict::WrongEndpoint | Verdict::StrangeAnswer) => {
                nothing_there = Some(problem);
            }
            Err(problem) => return Err(problem),
        }
    }
    let problem = nothing_there.unwrap_or_else(|| check.problem(Verdict::WrongEndpoint, ""));
    Err(match bases {
        [_, with_version] => missing_version(with_version, problem),
        _ => problem,
    })
}

fn missing_version(with_version: &Url, problem: Problem) -> Problem {
    let message = format!("The endpoint must end in /v1. Did you mean {with_version}?");
    let suggestion = Some(with_version.to_string());
    Problem { verdict: Verdict::WrongEndpoint, message, suggestion, field: Some("endpoint"), ..problem }
}

/// Whether an answer to `/models` only says that there is no such list here: many servers have none, and at the
/// address without `/v1` many show a page for people.
fn is_nothing_there(check: &Check<'_>, answer: &Answer) -> bool {
    answer.is_success() || matches!(check.read(answer).verdict, Verdict::WrongEndpoint | Verdict::WrongModel)
}

/// A server may answer to any name, so its list is asked first. Ollama lists `llama3.2` as `llama3.2:latest`,
/// Hugging Face takes `org/name:provider` for what it lists as `org/name`.
fn require_offered(check: &Check<'_>, model: &str, offered: Option<&[String]>) -> Result<(), Problem> {
    let Some(offered) = offered.filter(|offered| !offered.is_empty()) else { return Ok(()) };
    let is_same = |id: &String| {
        id == model
            || id.strip_suffix(":latest") == Some(model)
            || model.rsplit_once(':').is_some_and(|(name, _)| name == id)
    };
    if offered.iter().any(is_same) {
        return Ok(());
    }
    let suggestion = match offered {
        [only] => Some(only.clone()),
        _ => offered.iter().find(|id| id.eq_ignore_ascii_case(model)).cloned(),
    };
    let message =
        format!("The server doesn’t offer {model}. It offers {}. The name must match exactly.", some_of(offered));
    Err(Problem { step: StepKind::ModelsFound, suggestion, ..check.problem(Verdict::WrongModel, message) })
}

/// `llama3.2, qwen2.5 and 2 more`
fn some_of(offered: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = offered[..offered.len().min(SHOWN)].join(", ");
    match offered.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

async fn chat(check: &mut Check<'_>, base: &Url, model: &str, credentials: &Credentials) -> Result<Value, Problem> {
    let url = below(base, "chat/completions");
    openai::chat(check, Limit::MaxTokens, |limit| {
        credentials.on(Call::post_json(url.clone(), openai::ping(Some(model), limit)))
    })
    .await
}

/// Many servers take any key. A wrong one tells, first at the list, which costs nothing.
async fn pass_key(check: &mut Check<'_>, base: &Url, model: &str, credentials: &Credentials) -> Result<(), Problem> {
    if credentials.is_empty() {
        check.pass("No key needed", "The server answers without a key.");
        return Ok(());
    }
    let wrong = credentials.wrong();
    let models_url = below(base, "models");
    let chat_url = below(base, "chat/completions");
    let list = check.ask(|| wrong.on(Call::get(models_url.clone())).at_most(MODEL_LIST_MAX_BYTES)).await?;
    let is_checked = list.status == 401 || list.status == 403 || {
        let body = openai::ping(Some(model), Limit::MaxTokens);
        !check.ask(|| wrong.on(Call::post_json(chat_url.clone(), body.clone()))).await?.is_success()
    };
    if is_checked {
        check.pass("Key accepted", "");
    } else {
        check.warn("Key not checked by the server", "This server checks no key: it took a wrong one too.");
    }
    Ok(())
}

fn found_words(base: &Url, endpoint: &str, offered: Option<&[String]>) -> String {
    let offers = match offered {
        Some(offered) => format!("The server offers {}.", words::models(offered.len())),
        None => "The server doesn’t list its models, but this one answers.".to_owned(),
    };
    if base.as_str().trim_end_matches('/') == endpoint.trim_end_matches('/') {
        return offers;
    }
    format!("{offers} We call it at {base}")
}

/// What errors of servers that speak OpenAI's format mean, where they differ from it.
const RULES: &[Rule] = &[
    accepted(
        When::Words(403, "Inference Providers"),
        Verdict::NoPermission,
        Some(
            "The key is real, but it isn’t allowed to call models. Give the Hugging Face token the permission “Make calls to Inference Providers”.",
        ),
    ),
    accepted(When::Code("not_found_error"), Verdict::WrongModel, None),
    accepted(When::Code("NotFoundError"), Verdict::WrongModel, None),
    accepted(When::Words(404, "model"), Verdict::WrongModel, None),
    refused(
        When::Words(503, "Loading model"),
        Verdict::Overloaded,
        Some("The server is still loading the model. Check again when it’s ready, or save without checking."),
    ),
];

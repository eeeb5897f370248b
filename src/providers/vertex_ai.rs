//! Vertex AI with a service account. Facts: <https://cloud.google.com/vertex-ai/docs/reference/rest>.

use serde_json::json;
use url::Url;

use crate::domain::check::{OfferedModel, Verdict};
use crate::domain::secret::{Secret, SecretField};

use super::calls::{Call, MODEL_LIST_MAX_BYTES};
use super::check::{Check, USUAL_STEPS};
use super::classify::{Rule, TOKEN_EXPIRED, When, accepted, refused};
use super::credentials::{self, ServiceAccount};
use super::findings::{Problem, Proof};
use super::form::{Field, FieldKind, HelpBlock, HelpSection, Link, MAX_CREDENTIALS_BYTES, Piece, text};
use super::provider::{Cardinality, Draft, Place, Provider};
use super::target_uris::below;
use super::wire::google;
use super::words;

/// The location that is used when none is given. The newest models are often offered only there.
pub const DEFAULT_LOCATION: &str = "global";

/// Vertex AI.
pub static PROVIDER: Provider = Provider {
    slug: "vertex-ai",
    api_name: "VertexAI",
    name: "Vertex AI",
    monogram: "Vx",
    cardinality: Cardinality::OnePerOrganization,
    chooser: "You’ll need a service account key file (JSON).",
    form_title: "Connect Vertex AI",
    form_intro: &[
        Piece::Text("One service account for the organization. It opens the "),
        Piece::Link { href: "/supported-models", text: "supported Gemini models on Vertex AI" },
        Piece::Text("."),
    ],
    fields: &[
        Field {
            kind: FieldKind::CredentialsFile,
            max_len: MAX_CREDENTIALS_BYTES,
            placeholder: "{ \"type\": \"service_account\", … }",
            ..text(
                "google_application_credentials",
                "Service account key",
                &[Piece::Text("The JSON file Google Cloud gives you when you create a key.")],
                "Choose the key file, or paste what is in it.",
            )
        },
        Field {
            required: false,
            max_len: 255,
            ..text(
                "google_project_id",
                "Project ID",
                &[Piece::Text("Leave empty to use the one in the file.")],
                "Enter the project ID.",
            )
        },
        Field {
            required: false,
            max_len: 255,
            placeholder: DEFAULT_LOCATION,
            options: &[
                "global",
                "us",
                "eu",
                "us-central1",
                "us-east4",
                "europe-west1",
                "europe-west4",
                "asia-northeast1",
            ],
            ..text(
                "google_location",
                "Location",
                &[Piece::Text("Leave empty for "), Piece::Code(DEFAULT_LOCATION), Piece::Text(".")],
                "Enter the location.",
            )
        },
    ],
    help: &[
        HelpSection {
            heading: "Get the key file",
            blocks: &[
                HelpBlock::Steps(&[
                    &[
                        Piece::Text("In Google Cloud, open "),
                        Piece::Strong("IAM & Admin"),
                        Piece::Text(", then "),
                        Piece::Strong("Service accounts"),
                        Piece::Text("."),
                    ],
                    &[
                        Piece::Text("Choose an account with the "),
                        Piece::Strong("Vertex AI User"),
                        Piece::Text(" role, or create one."),
                    ],
                    &[
                        Piece::Text("Under "),
                        Piece::Strong("Keys"),
                        Piece::Text(", add a key of type JSON. The file downloads."),
                    ],
                ]),
                HelpBlock::Paragraph(&[Piece::Link {
                    href: "https://cloud.google.com/generative-ai-app-builder/docs/authentication",
                    text: "Google’s guide to client authentication",
                }]),
            ],
        },
        HelpSection {
            heading: "Which location",
            blocks: &[HelpBlock::Paragraph(&[
                Piece::Code("global"),
                Piece::Text(
                    " offers the most models, but doesn’t say where data is processed. Choose a region if that matters.",
                ),
            ])],
        },
        HelpSection {
            heading: "What we check",
            blocks: &[HelpBlock::Paragraph(&[Piece::Text(
                "We sign in as the service account and look up each model in your location. No tokens are spent.",
            )])],
        },
        HelpSection {
            heading: "How it’s kept",
            blocks: &[HelpBlock::Paragraph(&[Piece::Text(
                "The whole file is encrypted before it’s stored. Nobody can read it back here, including you. You’ll see only the last four characters of its key ID.",
            )])],
        },
    ],
    key_page: Some(Link {
        href: "https://console.cloud.google.com/iam-admin/serviceaccounts",
        text: "Google Cloud, under Service accounts",
    }),
    place: Place::Fixed,
    rules: &[RULES],
    review,
    steps: USUAL_STEPS,
    prove: |check| Box::pin(prove(check)),
};

/// The only audience that Google signs for: <https://developers.google.com/identity/protocols/oauth2/service-account>.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Google refuses assertions that hold longer.
const ASSERTION_HOLDS_S: i64 = 3600;
/// More pages than Google has ever needed.
const MAX_PAGES: usize = 5;

/// Project and location become part of addresses, so they are held to what Google allows in them.
fn review(draft: &mut Draft<'_>) {
    if let Some(location) = &mut draft.target.google_location {
        location.make_ascii_lowercase();
        if !is_location(location) {
            draft
                .errors
                .add("google_location", "A location looks like europe-west4 or global. Choose one from the list.");
        }
    }
    let in_file = draft.secrets.get(SecretField::GoogleApplicationCredentials).map(credentials::project_id);
    match (&draft.target.google_project_id, in_file) {
        (Some(project), _) if !is_project(project) => draft.errors.add(
            "google_project_id",
            "A project ID has only small letters, digits and hyphens, such as fennel-ml-prod. It isn’t the project’s name.",
        ),
        (None, Some(None)) => draft.errors.add("google_project_id", "Enter the project ID. The file doesn’t name one."),
        (None, Some(Some(project))) if !is_project(&project) => {
            draft.errors.add("google_project_id", "Enter the project ID. The one in the file isn’t one of Google’s.");
        }
        _ => {}
    }
}

fn is_location(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// A project id, an old one with its domain (`example.com:name`), or a project number.
fn is_project(text: &str) -> bool {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return (6..=20).contains(&text.len());
    }
    let (domain, name) = text.rsplit_once(':').unwrap_or(("", text));
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    domain.chars().all(|c| is_plain(c) || c == '.')
        && (6..=30).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(is_plain)
}

async fn prove(check: &mut Check<'_>) -> Result<Proof, Problem> {
    let file = check.secret(SecretField::GoogleApplicationCredentials)?;
    let account = credentials::open(file).map_err(|fault| check.problem(Verdict::BadKey, fault))?;
    let base = base(check)?;
    check.reach(&base).await?;
    let token = sign_in(check, &account).await?;
    check.pass("Key accepted", format!("Signed in as {}", account.client_email));
    let listed = list(check, &base, &token).await?;
    let models = look_up(check, &models_url(check, &account, &base)?, &listed, &token).await?;
    let location = location(check);
    check.pass(format!("{} found", words::models(models.len())), format!("In the location {location}"));
    let message =
        format!("Google accepted the key and offers {} in the location {location}.", words::models(models.len()));
    Ok(Proof { models, ..Proof::new(message) })
}

/// Where models of the location are: <https://cloud.google.com/vertex-ai/docs/reference/rest#rest_endpoints>.
fn base(check: &Check<'_>) -> Result<Url, Problem> {
    if let Some(base) = &check.bases().vertex {
        return Ok(base.clone());
    }
    let location = location(check);
    let host = match location {
        "global" => "aiplatform.googleapis.com".to_owned(),
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-aiplatform.googleapis.com"),
    };
    let url = Url::parse(&format!("https://{host}")).ok().filter(|_| is_location(location));
    url.ok_or_else(|| {
        let message = format!("There’s no location called {location}. Choose one from the list.");
        Problem { field: Some("google_location"), ..check.problem(Verdict::WrongEndpoint, message) }
    })
}

fn location<'a>(check: &Check<'a>) -> &'a str {
    check.target.google_location.as_deref().unwrap_or(DEFAULT_LOCATION)
}

/// `…/v1/projects/<project>/locations/<location>/publishers/google/models`
fn models_url(check: &Check<'_>, account: &ServiceAccount, base: &Url) -> Result<Url, Problem> {
    let project = check.target.google_project_id.as_deref().or(account.project_id.as_deref());
    let project = project
        .filter(|project| is_project(project))
        .ok_or_else(|| check.problem(Verdict::WrongProject, "Enter the project ID. The file doesn’t name one."))?;
    let location = location(check);
    Ok(below(base, &format!("v1/projects/{project}/locations/{location}/publishers/google/models")))
}

/// Swaps a signed assertion for an access token. A token proves the key, not yet the project.
async fn sign_in(check: &mut Check<'_>, account: &ServiceAccount) -> Result<Secret, Problem> {
    let issued_at = check.now.and_utc().timestamp();
    let claims = json!({
        "iss": account.client_email, "scope": SCOPE, "aud": AUDIENCE,
        "iat": issued_at, "exp": issued_at + ASSERTION_HOLDS_S,
    });
    let assertion = account.sign(&claims).map_err(|_| {
        check.problem(Verdict::BadKey, "The private key in the file can’t sign. Create a new key in Google Cloud.")
    })?;
    check.keep_secret(&assertion);
    let url = check.bases().google_token.clone();
    let fields = || {
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
        vec![("grant_type".to_owned(), grant), ("assertion".to_owned(), assertion.expose().to_owned())]
    };
    let answer = check.ask_json(|| Call::post_form(url.clone(), fields())).await?;
    let token = answer["access_token"].as_str().filter(|token| !token.is_empty()).ok_or_else(|| {
        check.problem(
            Verdict::StrangeAnswer,
            "Google’s sign-in answered without a token. If calls go through a proxy, check what it answers.",
        )
    })?;
    let token = Secret::new(token.to_owned());
    check.keep_secret(&token);
    Ok(token)
}

/// What Google offers to anybody; whether this project may use it is another question.
async fn list(check: &mut Check<'_>, base: &Url, token: &Secret) -> Result<Vec<OfferedModel>, Problem> {
    let mut models = Vec::new();
    let mut page: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut url = below(base, "v1beta1/publishers/google/models");
        url.query_pairs_mut()
            .append_pair("pageSize", "200")
            .extend_pairs(page.iter().map(|token| ("pageToken", token)));
        let call =
            || Call::get(url.clone()).secret_header("authorization", "Bearer ", token).at_most(MODEL_LIST_MAX_BYTES);
        let (found, next) = google::publisher_models(&check.ask_json(call).await?);
        models.extend(found);
        page = next;
        if page.is_none() {
            break;
        }
    }
    Ok(models)
}

/// Counts the tokens of a word with each model, which is free and shows permission, API, project and location at
/// once. The cheapest model goes first and alone, so that what is wrong with all of them is asked only once.
async fn look_up(
    check: &mut Check<'_>,
    models_url: &Url,
    listed: &[OfferedModel],
    token: &Secret,
) -> Result<Vec<OfferedModel>, Problem> {
    let ids = google::cheapest_first(listed);
    let count = |id: &String| {
        let url = below(models_url, &format!("{id}:countTokens"));
        Call::post_json(url, google::count_tokens()).secret_header("authorization", "Bearer ", token)
    };
    let Some((first, rest)) = ids.split_first() else {
        return Err(check.problem(Verdict::WrongModel, "Google lists no Gemini models for this key."));
    };
    let mut problem = None;
    let mut is_offered = vec![match check.ask_json(|| count(first)).await {
        Ok(_) => true,
        Err(other) if other.verdict == Verdict::WrongModel => {
            problem = Some(other);
            false
        }
        Err(other) => return Err(other),
    }];
    let answers = check.ask_each(rest.iter().map(count).collect()).await;
    // A model that only asks us to slow down is there.
    is_offered.extend(answers.iter().map(|status| matches!(status, Some(200 | 429))));
    let offered =
        |model: &OfferedModel| ids.iter().zip(&is_offered).any(|(id, is_offered)| *is_offered && *id == model.id);
    let models: Vec<_> = listed.iter().filter(|model| offered(model)).cloned().collect();
    match problem {
        Some(problem) if models.is_empty() => Err(elsewhere(check, problem)),
        _ => Ok(models),
    }
}

/// No model in this location: suggests the one that has most.
fn elsewhere(check: &Check<'_>, problem: Problem) -> Problem {
    let suggestion = (location(check) != DEFAULT_LOCATION).then(|| DEFAULT_LOCATION.to_owned());
    Problem { suggestion, ..problem }
}

const NO_VERTEX_ROLE: &str = "The key is real, but its service account may not use Vertex AI in this project. Give it the role Vertex AI User there, or check the project ID.";

/// What Google's errors mean: <https://cloud.google.com/apis/design/errors>; those of its sign-in are OAuth's.
const RULES: &[Rule] = &[
    accepted(
        When::Code(TOKEN_EXPIRED),
        Verdict::StrangeAnswer,
        Some("Google says our sign-in has expired, though it was just made. Check again."),
    ),
    refused(When::Words(400, "short-lived token"), Verdict::ClockSkew, None),
    refused(
        When::Words(400, "account not found"),
        Verdict::BadKey,
        Some(
            "Google didn’t accept this key. The service account in the file doesn’t exist any more. Create a key for another service account.",
        ),
    ),
    refused(
        When::Code("invalid_grant"),
        Verdict::BadKey,
        Some(
            "Google didn’t accept this key. It may have been deleted or belong to a switched-off service account. Create a new key in Google Cloud.",
        ),
    ),
    accepted(When::Code("SERVICE_DISABLED"), Verdict::ApiDisabled, None),
    accepted(
        When::Code("BILLING_DISABLED"),
        Verdict::NoQuota,
        Some(
            "Google accepted the key, but the project has no billing account. Switch billing on in Google Cloud, then check again.",
        ),
    ),
    accepted(When::Code("CONSUMER_INVALID"), Verdict::WrongProject, None),
    accepted(When::Code("USER_PROJECT_DENIED"), Verdict::WrongProject, None),
    accepted(When::Code("RESOURCE_PROJECT_INVALID"), Verdict::WrongProject, None),
    accepted(When::Code("IAM_PERMISSION_DENIED"), Verdict::NoPermission, Some(NO_VERTEX_ROLE)),
    accepted(When::Code("PERMISSION_DENIED"), Verdict::NoPermission, Some(NO_VERTEX_ROLE)),
    accepted(When::Code("NOT_FOUND"), Verdict::WrongModel, None),
    refused(When::Code("UNAUTHENTICATED"), Verdict::BadKey, None),
];

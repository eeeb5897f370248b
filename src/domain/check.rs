//! What a check of a connection found: its verdict, and step by step what was tried.

use serde::{Deserialize, Serialize};

use super::connection::Health;

/// The outcome of a check in one word. The words are those of the provider notes: `bad_key`, `no_quota` ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Key and models work.
    Ok,
    /// Works, but some wanted models cannot be reached with this key or region.
    Limited,
    /// The key is right; the provider asks us to slow down.
    RateLimited,
    /// The key is right; the account has no credit or has reached a limit of its own.
    NoQuota,
    /// The provider does not accept the key.
    BadKey,
    /// The key is real but lacks a permission.
    NoPermission,
    /// The model is unknown, retired, or not open to this key.
    WrongModel,
    /// No deployment of that name at the endpoint.
    WrongDeployment,
    /// Nothing that speaks the expected protocol at the address.
    WrongEndpoint,
    /// The Google Cloud project is unknown or not open to the service account.
    WrongProject,
    /// The API is switched off in the provider's project.
    ApiDisabled,
    /// The provider does not serve the country or region.
    RegionBlocked,
    /// The provider's firewall or the key's address list shuts this server out.
    NetworkBlocked,
    /// This server's own network policy forbids the address.
    PolicyBlocked,
    /// This server's clock is wrong.
    ClockSkew,
    /// The provider has trouble of its own.
    Overloaded,
    /// No server of that name.
    UnknownHost,
    /// The address does not answer: refused or timed out.
    Unreachable,
    /// The TLS handshake failed, for example because of an expired certificate.
    InsecureConnection,
    /// The server does not answer in JSON when asked to (custom servers only).
    NoJsonMode,
    /// The answer makes no sense: garbage, too large, a redirect.
    StrangeAnswer,
}

impl Verdict {
    /// The stored form, for example `bad_key`.
    #[must_use]
    pub fn slug(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What the verdict means for a saved connection.
    #[must_use]
    pub fn health(self) -> Health {
        match self {
            Self::Ok => Health::Working,
            Self::Limited => Health::Limited,
            Self::RateLimited => Health::RateLimited,
            Self::NoQuota => Health::NoQuota,
            Self::BadKey | Self::NoPermission => Health::KeyRejected,
            Self::WrongModel | Self::WrongDeployment | Self::WrongEndpoint | Self::WrongProject | Self::ApiDisabled => {
                Health::NotFound
            }
            Self::RegionBlocked
            | Self::NetworkBlocked
            | Self::PolicyBlocked
            | Self::ClockSkew
            | Self::UnknownHost
            | Self::Unreachable
            | Self::InsecureConnection => Health::CannotConnect,
            Self::Overloaded | Self::StrangeAnswer => Health::ProviderTrouble,
            Self::NoJsonMode => Health::Limited,
        }
    }

    /// Whether *Check and save* may save.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::Ok | Self::Limited)
    }

    /// Whether what failed may work later without anything typed anew, so that *Save without checking* is
    /// offered. A rejected key or a wrong address never is.
    #[must_use]
    pub fn may_work_later(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::NoQuota
                | Self::ApiDisabled
                | Self::RegionBlocked
                | Self::NetworkBlocked
                | Self::ClockSkew
                | Self::Overloaded
                | Self::Unreachable
                | Self::UnknownHost
                | Self::InsecureConnection
                | Self::StrangeAnswer
        )
    }
}

/// The stages of a check, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The host's name has an address.
    Address,
    /// The address is one this server may call.
    NetworkPolicy,
    /// TCP and TLS.
    SecureConnection,
    /// The provider accepts the key.
    KeyAccepted,
    /// The provider offers the model or models.
    ModelsFound,
    /// The server answers in JSON of a given shape (custom servers only).
    JsonMode,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Works, with something to know.
    Warning,
    /// Does not work.
    Failed,
    /// Not reached, or not applicable.
    NotTried,
}

/// One step of a check. Holds no secret: the provider's words are scrubbed before they get here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which stage.
    pub kind: StepKind,
    /// How it ended.
    pub outcome: Outcome,
    /// A few words: "Reached api.openai.com", "Key not accepted".
    pub title: String,
    /// Our sentence about it, and what the provider said in quotes; may be empty.
    pub detail: String,
    /// How long it took, in milliseconds; `None` if it was not tried.
    pub took_ms: Option<u32>,
    /// What was sent and what came back, without secrets, for the disclosure below a failed step.
    pub exchange: Option<Exchange>,
}

/// A request and its answer, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Method, address and body, as text.
    pub request: String,
    /// Status and the first part of the body, as text.
    pub answer: String,
}

/// How strictly a custom server keeps to a JSON schema, strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonMode {
    /// It answers in plain text all the same, or refuses the request.
    Missing,
    /// It answers in JSON, of a shape of its own.
    JsonOnly,
    /// It enforces `response_format: {"type": "json_object", "schema": …}`.
    JsonObjectSchema,
    /// It enforces `response_format: {"type": "json_schema", …}`.
    JsonSchema,
}

impl JsonMode {
    /// The stored form.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::JsonOnly => "json_only",
            Self::JsonObjectSchema => "json_object_schema",
            Self::JsonSchema => "json_schema",
        }
    }

    /// The mode of that stored form.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        [Self::Missing, Self::JsonOnly, Self::JsonObjectSchema, Self::JsonSchema].into_iter().find(|m| m.slug() == slug)
    }
}

/// A model that the provider says this key can reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedModel {
    /// The id that requests use.
    pub id: String,
    /// Most input tokens, if the provider says.
    pub context_window: Option<i64>,
    /// The day the provider retires it, as `YYYY-MM-DD`, if it says.
    pub retires_on: Option<String>,
}

/// Everything a check found out.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The outcome.
    pub verdict: Verdict,
    /// One sentence or two for the person: what happened and what to do. Stands at the field and in the summary.
    pub message: String,
    /// The form field that the message belongs to (`api_key`, `endpoint` …), if it belongs to one.
    pub field: Option<&'static str>,
    /// A value for that field that would be right ("Use this").
    pub suggestion: Option<String>,
    /// What was tried, in order.
    pub steps: Vec<Step>,
    /// The models found.
    pub models: Vec<OfferedModel>,
    /// The address that chat requests go to, where the check found it out (Azure, Foundry, Custom).
    pub chat_url: Option<String>,
    /// The model's own name behind a deployment, if the answer named it.
    pub underlying_model: Option<String>,
    /// Custom servers only.
    pub json_mode: Option<JsonMode>,
    /// When the provider wants to be asked again, in seconds.
    pub retry_after_s: Option<u32>,
    /// The whole check, in milliseconds.
    pub took_ms: u32,
}

//! What a check says to people: what happened, why if we know, and what to do.

use crate::domain::check::{StepKind, Verdict};
use crate::domain::connection::Target;
use crate::domain::secret::{SecretField, Secrets};

use super::call_errors::CallError;
use super::classify::Reading;
use super::hygiene::{article, looks_like};
use super::provider::{Place, Provider};

/// What the words about an answer depend on.
pub(super) struct Told<'a> {
    pub provider: &'static Provider,
    pub target: &'a Target,
    pub secrets: &'a Secrets,
    pub host: &'a str,
    pub status: u16,
    pub retry_after_s: Option<u32>,
}

impl Told<'_> {
    /// The sentences about an answer.
    pub fn message(&self, reading: &Reading) -> String {
        let who = who(self.provider);
        if let Some(says) = reading.says {
            return says.replace("{who}", who);
        }
        match reading.verdict {
            Verdict::BadKey => self.bad_key(),
            Verdict::NoPermission => format!(
                "The key is real, but it isn’t allowed to {}. Give it that permission at {}, or use another key.",
                if self.provider.is_single() { "list models" } else { "use this model" },
                if self.provider.slug == "custom" { "the server" } else { self.provider.name }
            ),
            Verdict::NoQuota => format!(
                "{who} accepted the key, but its account has no credit left. Add credit at {}, then check again. You can also save now and prompts will start working when there’s credit.",
                self.provider.name
            ),
            Verdict::RateLimited => {
                let when = self.retry_after_s.map_or("in a minute".to_owned(), |wait_s| format!("in {}", seconds(wait_s)));
                format!("{who} asked us to slow down. The key is fine. Check again {when}, or save without checking.")
            }
            Verdict::WrongDeployment => format!(
                "There’s no deployment called {} at this endpoint. Use the deployment’s name, which may differ from the model’s. A new deployment takes up to five minutes.",
                self.deployment()
            ),
            Verdict::WrongModel => self.wrong_model(),
            Verdict::WrongEndpoint => format!(
                "Nothing at {} answers the way {} would ({}). {}",
                self.host,
                if self.provider.slug == "custom" { "the OpenAI format" } else { who },
                self.status,
                if self.provider.slug == "custom" { "The endpoint must end in /v1." } else { "Check the endpoint." }
            ),
            Verdict::WrongProject => format!(
                "Google doesn’t know the project {}, or this service account may not use it. Check the project ID.",
                self.project()
            ),
            Verdict::ApiDisabled if self.provider.slug == "vertex-ai" => format!(
                "Vertex AI isn’t switched on for project {}. Enable the Vertex AI API there, then check again.",
                self.project()
            ),
            Verdict::ApiDisabled => {
                "The Gemini API isn’t switched on in this key’s Google Cloud project. Enable the Generative Language API there, then check again.".to_owned()
            }
            Verdict::RegionBlocked => format!("{who} doesn’t serve the country this server calls from. Call through a proxy in another country, or choose another provider."),
            Verdict::NetworkBlocked => format!("{who}’s firewall shuts this server out. Allow our addresses there, then check again."),
            Verdict::ClockSkew => "This server’s clock is wrong, so Google refuses its sign-ins. Ask whoever runs this server to set the clock, then check again.".to_owned(),
            Verdict::Overloaded => format!(
                "{who} is having trouble ({}). Your key wasn’t the cause. Check again later, or save without checking.",
                self.status
            ),
            _ => format!("{who} answered with something we didn’t expect ({}). What it said is below.", self.status),
        }
    }

    fn bad_key(&self) -> String {
        let who = who(self.provider);
        let key = self.secrets.get(SecretField::ApiKey);
        let other = key.and_then(|key| looks_like(key.expose())).filter(|(_, company)| !self.is_of(company));
        if let Some((prefix, company)) = other {
            let name = self.provider.name;
            return format!(
                "{who} didn’t accept this key. It looks like {} {company} key (it starts with {prefix}). Paste {} {name} key.",
                article(company),
                article(name)
            );
        }
        let Some(key) = key else { return self.bad_token() };
        let ending = key.tail().map(|tail| format!("It ends {tail} and may")).unwrap_or_else(|| "It may".to_owned());
        format!(
            "{who} didn’t accept this key. {ending} have been deleted or copied without its last characters. Paste it again, or create a new one."
        )
    }

    fn bad_token(&self) -> String {
        if self.secrets.get(SecretField::AuthToken).is_some() {
            return "The server didn’t accept the auth token. Paste it again, or ask whoever runs the server for a new one."
                .to_owned();
        }
        if self.provider.slug == "custom" {
            return "The server asks for a key. Enter its API key.".to_owned();
        }
        format!("{} didn’t accept this key. Paste it again, or create a new one.", who(self.provider))
    }

    /// Whether a key of that company is nothing strange here.
    fn is_of(&self, company: &str) -> bool {
        match self.provider.slug {
            "openai" => company == "OpenAI",
            "anthropic" => company == "Anthropic",
            "gemini" => company == "Google",
            _ => true,
        }
    }

    fn wrong_model(&self) -> String {
        match self.provider.slug {
            "vertex-ai" => format!(
                "The model isn’t offered in the location {}, or has been retired. Try the location global.",
                self.target.google_location.as_deref().unwrap_or(super::vertex_ai::DEFAULT_LOCATION)
            ),
            "custom" => format!("The server doesn’t offer {}. The name must match exactly.", self.deployment()),
            "azure-openai" | "azure-ai-foundry" => {
                format!("There’s no model called {} at this endpoint. Use the deployment’s name.", self.deployment())
            }
            _ => "The model is retired or not open to this key.".to_owned(),
        }
    }

    fn deployment(&self) -> &str {
        self.target.deployment_name.as_deref().unwrap_or("that name")
    }

    fn project(&self) -> String {
        let in_file =
            || self.secrets.get(SecretField::GoogleApplicationCredentials).and_then(super::credentials::project_id);
        self.target.google_project_id.clone().or_else(in_file).unwrap_or_else(|| "of this key".to_owned())
    }
}

/// Who answers, at the start of a sentence.
pub(super) fn who(provider: &Provider) -> &'static str {
    match provider.slug {
        "custom" => "The server",
        "vertex-ai" => "Google",
        _ => provider.name,
    }
}

/// The sentences about a call that got no answer.
pub(super) fn transport(provider: &Provider, error: CallError, host: &str) -> String {
    match (error, provider.place) {
        (CallError::UnknownHost, Place::Fixed) if provider.slug == "vertex-ai" => {
            format!("There’s no server called {host}. Check the spelling of the location.")
        }
        (CallError::UnknownHost, Place::Fixed) => format!(
            "This server can’t find {host} ({}’s address). Ask whoever runs it to look at its DNS, then check again.",
            provider.name
        ),
        (_, Place::Fixed) => without_their_firewall(&error.sentence(host)),
        _ => error.sentence(host),
    }
}

/// A vendor is behind no firewall of the customer's; if calls to it fail, it is this server that is.
fn without_their_firewall(sentence: &str) -> String {
    match sentence.split_once(" If it’s behind a firewall") {
        Some((what, _)) => {
            format!("{what} Your key wasn’t the cause. Check that this server may call out, then check again.")
        }
        None => sentence.to_owned(),
    }
}

/// The field that a verdict belongs to, if the provider has it.
pub(super) fn field(provider: &Provider, verdict: Verdict) -> Option<&'static str> {
    let has = |name: &str| provider.field(name).map(|field| field.name);
    match verdict {
        Verdict::BadKey | Verdict::NoPermission => has("api_key").or_else(|| has("google_application_credentials")),
        Verdict::WrongDeployment => has("deployment_name"),
        Verdict::WrongModel => has("deployment_name").or_else(|| has("google_location")),
        Verdict::WrongProject | Verdict::ApiDisabled => has("google_project_id"),
        Verdict::WrongEndpoint
        | Verdict::PolicyBlocked
        | Verdict::UnknownHost
        | Verdict::Unreachable
        | Verdict::InsecureConnection => has("endpoint"),
        _ => None,
    }
}

/// The title of a step that was not tried.
pub(super) fn step_title(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Address => "Address",
        StepKind::NetworkPolicy => "Network policy",
        StepKind::SecureConnection => "Secure connection",
        StepKind::KeyAccepted => "Key accepted",
        StepKind::ModelsFound => "List of models",
        StepKind::JsonMode => "JSON mode",
    }
}

/// The title of a step that failed.
pub(super) fn failed_title(kind: StepKind, verdict: Verdict) -> &'static str {
    match (kind, verdict) {
        (StepKind::KeyAccepted, Verdict::BadKey) => "Key not accepted",
        (StepKind::KeyAccepted, Verdict::NoPermission) => "Key not allowed",
        (StepKind::KeyAccepted, Verdict::NoQuota) => "No credit left",
        (StepKind::KeyAccepted, Verdict::RateLimited) => "Asked to slow down",
        (StepKind::KeyAccepted, Verdict::WrongEndpoint) => "Nothing to talk to at this address",
        (StepKind::KeyAccepted, _) => "Key not checked",
        (StepKind::ModelsFound, Verdict::WrongDeployment) => "Deployment not found",
        (StepKind::ModelsFound, Verdict::ApiDisabled) => "API not switched on",
        (StepKind::ModelsFound, Verdict::WrongProject) => "Project not found",
        (StepKind::ModelsFound, Verdict::WrongModel) => "Model not found",
        (StepKind::ModelsFound, _) => "Models not listed",
        (kind, _) => step_title(kind),
    }
}

/// `301 ms`, `1.2 s`.
pub(super) fn duration(took_ms: u32) -> String {
    if took_ms < 1000 { format!("{took_ms} ms") } else { format!("{:.1} s", f64::from(took_ms) / 1000.0) }
}

/// `12 models`, `1 model`.
pub(super) fn models(n: usize) -> String {
    if n == 1 { "1 model".to_owned() } else { format!("{n} models") }
}

/// What is said of a connection that works.
pub(super) fn works(provider: &Provider, n_models: usize) -> String {
    format!("{} accepted the key and offers {}.", who(provider), models(n_models))
}

fn seconds(n: u32) -> String {
    if n == 1 { "1 second".to_owned() } else { format!("{n} seconds") }
}

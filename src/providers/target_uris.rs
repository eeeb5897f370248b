//! From what people paste as an endpoint to the address that chat requests go to.
//!
//! Azure's portal shows several kinds of "target URI", and people paste resource addresses, project addresses and
//! pages of the portal as well. See <https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/endpoints>.

use url::Url;

use crate::domain::field_errors::{FieldError, FieldErrors};

use super::policy::{Policy, UrlProblem, parse_url};

/// The last dated version of Azure's chat API that is not a preview.
pub const AZURE_API_VERSION: &str = "2024-10-21";
/// The version of Foundry's `/models` path that its portal writes.
pub const FOUNDRY_API_VERSION: &str = "2024-05-01-preview";

/// An address for chat requests, with how to speak there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatUrl {
    /// The whole address.
    pub url: Url,
    /// How the key is sent.
    pub auth: Auth,
    /// Whether requests name the model; else the address does.
    pub model_in_body: bool,
    /// Which format is spoken there.
    pub wire: Wire,
}

/// The header that carries a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `api-key: …`
    ApiKey,
    /// `x-api-key: …`
    XApiKey,
    /// `Authorization: Bearer …`
    Bearer,
}

/// The format of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// OpenAI's chat completions.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
}

/// Why an endpoint leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is no address that can be called.
    Url(UrlProblem),
    /// The scheme is missing.
    NotAbsolute {
        /// With `https://` before it.
        suggestion: String,
    },
    /// A user name or password before the host.
    Userinfo,
    /// A page of Azure's portal.
    Portal,
    /// The address names another deployment than the field does.
    OtherDeployment {
        /// The one in the address.
        in_uri: String,
        /// The one in the field.
        in_field: String,
    },
    /// The address is for something that is not chat, such as embeddings.
    NotChat {
        /// What it is for.
        operation: String,
    },
    /// Something secret or useless after the question mark.
    Query {
        /// Without it.
        suggestion: String,
    },
    /// `/v1/v1`.
    DoubledVersion {
        /// With one.
        suggestion: String,
    },
    /// A deployment's name that cannot stand in an address.
    DeploymentName,
}

impl Fault {
    /// The error at its field.
    #[must_use]
    pub fn into_errors(self) -> FieldErrors {
        let (field, message, suggestion) = match self {
            Self::Url(problem) => ("endpoint", problem.to_string(), None),
            Self::NotAbsolute { suggestion } => {
                ("endpoint", format!("The endpoint must start with https://. Did you mean {suggestion}?"), Some(suggestion))
            }
            Self::Userinfo => ("endpoint", UrlProblem::Userinfo.to_string(), None),
            Self::Portal => (
                "endpoint",
                "The endpoint is a page in the Azure portal, not the target URI. Copy Target URI from the deployment’s Details.".to_owned(),
                None,
            ),
            Self::OtherDeployment { in_uri, in_field } => (
                "deployment_name",
                format!("The endpoint is for the deployment {in_uri}, not {in_field}. Use the same name in both."),
                Some(in_uri),
            ),
            Self::NotChat { operation } => (
                "endpoint",
                format!("This target URI is for {operation}, not for chat. Copy the one of a chat model’s deployment."),
                None,
            ),
            Self::Query { suggestion } => (
                "endpoint",
                format!("Leave out everything after the question mark. Keys have a field of their own. Use {suggestion}"),
                Some(suggestion),
            ),
            Self::DoubledVersion { suggestion } => (
                "endpoint",
                format!("The endpoint has /v1 twice. Did you mean {suggestion}?"),
                Some(suggestion),
            ),
            Self::DeploymentName => (
                "deployment_name",
                "A deployment’s name has only letters, digits, dots, hyphens and underscores. Copy it from the deployment’s Details.".to_owned(),
                None,
            ),
        };
        FieldErrors::one(field, FieldError { message, suggestion, link: None })
    }
}

/// The addresses at which an Azure OpenAI deployment may answer, most likely first.
///
/// # Errors
/// Why there is none.
pub fn azure_openai(endpoint: &str, deployment: &str, policy: &Policy) -> Result<Vec<ChatUrl>, Fault> {
    let endpoint = AzureEndpoint::read(endpoint, deployment, policy)?;
    if let Some(found) = endpoint.deployment_path(Auth::ApiKey)? {
        return Ok(vec![found]);
    }
    if let Some(found) = endpoint.v1_path(Auth::ApiKey)? {
        return Ok(vec![found]);
    }
    Ok(vec![endpoint.v1(Auth::ApiKey), endpoint.dated(Auth::ApiKey)])
}

/// The addresses at which a model of Azure AI Foundry may answer, most likely first.
///
/// # Errors
/// Why there is none.
pub fn azure_ai_foundry(endpoint: &str, model: &str, policy: &Policy) -> Result<Vec<ChatUrl>, Fault> {
    let endpoint = AzureEndpoint::read(endpoint, model, policy)?;
    let host = endpoint.url.host_str().unwrap_or_default().to_owned();
    // https://github.com/Azure/azure-sdk-for-python/tree/main/sdk/ai: only these hosts take `api-key`.
    let takes_api_key = [".services.ai.azure.com", ".openai.azure.com", ".cognitiveservices.azure.com"];
    let auth = if takes_api_key.iter().any(|domain| host.ends_with(domain)) { Auth::ApiKey } else { Auth::Bearer };

    if host.ends_with(".inference.ml.azure.com") {
        return Ok(vec![endpoint.chat(&["v1"], auth)]);
    }
    if let Some(at) = endpoint.position(&["anthropic"]) {
        let url = with_path(&endpoint.url, &endpoint.segments[..at], &["anthropic", "v1", "messages"]);
        return Ok(vec![ChatUrl { url, auth: Auth::XApiKey, model_in_body: true, wire: Wire::Anthropic }]);
    }
    if let Some(found) = endpoint.deployment_path(auth)? {
        return Ok(vec![found]);
    }
    if let Some(found) = endpoint.v1_path(auth)? {
        return Ok(vec![found]);
    }
    if endpoint.position(&["models"]).is_some() {
        return Ok(vec![endpoint.models(auth)]);
    }
    if host.ends_with(".models.ai.azure.com") || endpoint.position(&["chat", "completions"]).is_some() {
        let prefix: Vec<&str> = endpoint.before(&["chat", "completions"]);
        return Ok(vec![endpoint.chat(&prefix, auth)]);
    }
    Ok(vec![endpoint.v1(auth), endpoint.models(auth)])
}

/// The base addresses of a custom server: what `/models` and `/chat/completions` are put after. As given, and
/// if that does not end in a version, also with `/v1`.
///
/// # Errors
/// Why there is none.
pub fn custom(endpoint: &str, policy: &Policy) -> Result<Vec<Url>, Fault> {
    let url = parse(endpoint, policy)?;
    if url.query().is_some() {
        let mut without = url.clone();
        without.set_query(None);
        return Err(Fault::Query { suggestion: without.to_string() });
    }
    let segments = segments(&url);
    let mut path: Vec<&str> = segments.iter().map(String::as_str).collect();
    for tail in [&["chat", "completions"][..], &["completions"], &["models"], &["responses"], &["embeddings"]] {
        if path.ends_with(tail) {
            path.truncate(path.len() - tail.len());
            break;
        }
    }
    if let Some(at) = path.windows(2).position(|pair| pair == ["v1", "v1"]) {
        path.remove(at);
        return Err(Fault::DoubledVersion { suggestion: with_path(&url, &path, &[]).to_string() });
    }
    let as_given = with_path(&url, &path, &[]);
    if path.contains(&"v1") {
        return Ok(vec![as_given]);
    }
    let with_version = with_path(&url, &path, &["v1"]);
    Ok(vec![as_given, with_version])
}

/// A base address with a path after it: `…/v1` and `chat/completions`.
#[must_use]
pub fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

/// An Azure endpoint, taken apart.
struct AzureEndpoint {
    url: Url,
    segments: Vec<String>,
    api_version: Option<String>,
    deployment: String,
}

impl AzureEndpoint {
    fn read(endpoint: &str, deployment: &str, policy: &Policy) -> Result<Self, Fault> {
        if is_portal(endpoint) {
            return Err(Fault::Portal);
        }
        let url = parse(endpoint, policy)?;
        let mut api_version = None;
        for (name, value) in url.query_pairs() {
            if name != "api-version" {
                let mut without = url.clone();
                without.set_query(None);
                return Err(Fault::Query { suggestion: without.to_string() });
            }
            api_version = Some(value.into_owned());
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_dots = !deployment.is_empty() && deployment.chars().all(|c| c == '.');
        if !deployment.chars().all(is_plain) || is_dots {
            return Err(Fault::DeploymentName);
        }
        let mut segments = segments(&url);
        // Foundry's project address, `/api/projects/<project>`: chat belongs to the resource, not to the project.
        if segments.len() == 3 && segments[..2] == ["api", "projects"] {
            segments.clear();
        }
        Ok(Self { url, segments, api_version, deployment: deployment.to_owned() })
    }

    /// `…/openai/deployments/<deployment>…`
    fn deployment_path(&self, auth: Auth) -> Result<Option<ChatUrl>, Fault> {
        let Some(at) = self.position(&["openai", "deployments"]) else { return Ok(None) };
        if let Some(in_uri) = self.segments.get(at + 2)
            && !self.deployment.is_empty()
            && !in_uri.eq_ignore_ascii_case(&self.deployment)
        {
            return Err(Fault::OtherDeployment { in_uri: in_uri.clone(), in_field: self.deployment.clone() });
        }
        self.require_chat(at + 3)?;
        Ok(Some(Self { segments: self.segments[..at].to_vec(), ..self.copy() }.dated(auth)))
    }

    /// `…/openai/v1…`, and the undated `…/openai/responses`, which has a chat path beside it only there.
    fn v1_path(&self, auth: Auth) -> Result<Option<ChatUrl>, Fault> {
        if let Some(at) = self.position(&["openai", "v1"]) {
            self.require_chat(at + 2)?;
            let mut found = Self { segments: self.segments[..at].to_vec(), ..self.copy() }.v1(auth);
            found.url.set_query(self.url.query());
            return Ok(Some(found));
        }
        let responses = self.position(&["openai", "responses"]);
        Ok(responses.map(|at| Self { segments: self.segments[..at].to_vec(), ..self.copy() }.v1(auth)))
    }

    /// That what the address goes on with is chat, or nothing, or what a chat model's page may show instead.
    fn require_chat(&self, at: usize) -> Result<(), Fault> {
        let operation = self.segments.get(at..).unwrap_or_default().join("/");
        if matches!(operation.as_str(), "" | "chat" | "chat/completions" | "responses") {
            return Ok(());
        }
        Err(Fault::NotChat { operation })
    }

    fn v1(&self, auth: Auth) -> ChatUrl {
        let url = with_path(&self.url, &self.resource(), &["openai", "v1", "chat", "completions"]);
        ChatUrl { url, auth, model_in_body: true, wire: Wire::OpenAi }
    }

    fn dated(&self, auth: Auth) -> ChatUrl {
        let path = ["openai", "deployments", &self.deployment, "chat", "completions"];
        let mut url = with_path(&self.url, &self.resource(), &path);
        self.put_version(&mut url, AZURE_API_VERSION);
        ChatUrl { url, auth, model_in_body: false, wire: Wire::OpenAi }
    }

    fn models(&self, auth: Auth) -> ChatUrl {
        let prefix = self.before(&["models"]);
        let mut url = with_path(&self.url, &prefix, &["models", "chat", "completions"]);
        self.put_version(&mut url, FOUNDRY_API_VERSION);
        ChatUrl { url, auth, model_in_body: true, wire: Wire::OpenAi }
    }

    fn chat(&self, prefix: &[&str], auth: Auth) -> ChatUrl {
        let mut url = with_path(&self.url, prefix, &["chat", "completions"]);
        if let Some(version) = &self.api_version {
            self.put_version(&mut url, version);
        }
        ChatUrl { url, auth, model_in_body: true, wire: Wire::OpenAi }
    }

    fn put_version(&self, url: &mut Url, default: &str) {
        url.query_pairs_mut().append_pair("api-version", self.api_version.as_deref().unwrap_or(default));
    }

    /// The path up to the resource, without a trailing `/openai`.
    fn resource(&self) -> Vec<&str> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        match segments.split_last() {
            Some((&"openai", before)) => before.to_vec(),
            _ => segments,
        }
    }

    fn before(&self, path: &[&str]) -> Vec<&str> {
        let end = self.position(path).unwrap_or(self.segments.len());
        self.segments[..end].iter().map(String::as_str).collect()
    }

    fn position(&self, path: &[&str]) -> Option<usize> {
        self.segments.windows(path.len()).position(|window| window == path)
    }

    fn copy(&self) -> Self {
        Self {
            url: self.url.clone(),
            segments: self.segments.clone(),
            api_version: self.api_version.clone(),
            deployment: self.deployment.clone(),
        }
    }
}

fn parse(endpoint: &str, policy: &Policy) -> Result<Url, Fault> {
    parse_url(endpoint, policy).map_err(|problem| match problem {
        UrlProblem::NotAbsolute if !endpoint.contains(char::is_whitespace) => {
            Fault::NotAbsolute { suggestion: format!("https://{endpoint}") }
        }
        UrlProblem::Userinfo => Fault::Userinfo,
        problem => Fault::Url(problem),
    })
}

/// Asked before anything else, since a portal's addresses carry all kinds of other faults.
fn is_portal(endpoint: &str) -> bool {
    const HOSTS: [&str; 6] =
        ["portal.azure.com", "ai.azure.com", "oai.azure.com", "ml.azure.com", "portal.azure.us", "portal.azure.cn"];
    let host = Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    HOSTS.contains(&host.as_str())
}

fn segments(url: &Url) -> Vec<String> {
    let segments = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
}

/// The same server with another path, without query. Every segment is encoded.
fn with_path<S: AsRef<str>>(url: &Url, prefix: &[S], path: &[&str]) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(prefix).extend(path);
    }
    url
}

//! What a provider's answer means, by one table: the error's code, the reason in its details, its type or status;
//! certain words where a provider gives nothing more exact; the HTTP status.

use serde_json::Value;

use crate::domain::check::Verdict;

use super::provider::Provider;

/// An answer, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it means. [`Verdict::Ok`] for an error that only a right key gets.
    pub verdict: Verdict,
    /// Whether the key itself was accepted.
    pub key_accepted: bool,
    /// Whether asking again soon may help.
    pub retry: bool,
    /// The provider's code for it, if it gave one: `invalid_api_key`.
    pub code: Option<String>,
    /// The provider's words, not yet scrubbed; may be empty.
    pub words: String,
    /// What to tell the person, where the usual words of the verdict are not exact enough. `{who}` is the provider.
    pub says: Option<&'static str>,
}

/// Understands an answer that is not a success.
#[must_use]
pub fn classify(provider: &Provider, status: u16, body: &[u8]) -> Reading {
    let hints = Hints::read(body);
    let is_for_it = |rule: &&Rule| rule.only.is_empty() || rule.only.contains(&provider.slug);
    let holds = |rule: &&Rule| match rule.when {
        When::Code(code) => hints.codes.iter().any(|given| given == code),
        When::Words(with_status, words) => status == with_status && hints.words.contains(words),
        When::Status(with_status) => status == with_status,
    };
    let rule = RULES.iter().filter(is_for_it).find(holds).copied().unwrap_or(unknown_status(status));
    Reading {
        verdict: rule.verdict,
        key_accepted: rule.key_accepted,
        retry: matches!(rule.verdict, Verdict::RateLimited | Verdict::Overloaded) || rule.when == TOKEN_EXPIRED,
        code: hints.codes.into_iter().next(),
        words: hints.words,
        says: rule.says,
    }
}

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// The error has this code, reason, type or status word.
    Code(&'static str),
    /// The answer has this HTTP status and these words.
    Words(u16, &'static str),
    /// The answer has this HTTP status.
    Status(u16),
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    /// The slugs it holds for; all if empty.
    only: &'static [&'static str],
    when: When,
    verdict: Verdict,
    key_accepted: bool,
    says: Option<&'static str>,
}

const OPENAI: &[&str] = &["openai"];
const ANTHROPIC: &[&str] = &["anthropic"];
const GEMINI: &[&str] = &["gemini"];
const VERTEX: &[&str] = &["vertex-ai"];
const GOOGLE: &[&str] = &["gemini", "vertex-ai"];
const AZURE: &[&str] = &["azure-openai", "azure-ai-foundry"];
const FOUNDRY: &[&str] = &["azure-ai-foundry"];
const CUSTOM: &[&str] = &["custom"];

const TOKEN_EXPIRED: When = When::Code("ACCESS_TOKEN_EXPIRED");

const fn accepted(only: &'static [&'static str], when: When, verdict: Verdict, says: Option<&'static str>) -> Rule {
    Rule { only, when, verdict, key_accepted: true, says }
}

const fn refused(only: &'static [&'static str], when: When, verdict: Verdict, says: Option<&'static str>) -> Rule {
    Rule { only, when, verdict, key_accepted: false, says }
}

/// The first rule that holds counts: what is exact stands before what is general, and a provider's own rules before
/// those of all.
const RULES: &[Rule] = &[
    // OpenAI: <https://platform.openai.com/docs/guides/error-codes>
    refused(
        OPENAI,
        When::Code("ip_not_authorized"),
        Verdict::NetworkBlocked,
        Some("This OpenAI project only allows some IP addresses. Add our addresses to its list, then check again."),
    ),
    accepted(OPENAI, When::Words(401, "Missing scopes"), Verdict::NoPermission, Some(RESTRICTED)),
    accepted(OPENAI, When::Words(403, "Missing scopes"), Verdict::NoPermission, Some(RESTRICTED)),
    refused(OPENAI, When::Code("unsupported_country_region_territory"), Verdict::RegionBlocked, None),
    accepted(OPENAI, When::Code("credit_balance_exhausted"), Verdict::NoQuota, None),
    accepted(OPENAI, When::Code("organization_spend_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(OPENAI, When::Code("project_spend_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(OPENAI, When::Code("organization_usage_limit_exceeded"), Verdict::NoQuota, Some(SPEND_LIMIT)),
    accepted(OPENAI, When::Code("slow_down"), Verdict::RateLimited, None),
    // Anthropic: <https://docs.claude.com/en/api/errors>
    accepted(
        ANTHROPIC,
        When::Code("enforced_spend_limit_reached"),
        Verdict::NoQuota,
        Some(
            "Anthropic accepted the key, but the organization has reached its monthly limit. Ask Anthropic to raise it, or wait for next month. You can also save now and prompts will start working then.",
        ),
    ),
    accepted(
        ANTHROPIC,
        When::Code("billing_error"),
        Verdict::NoQuota,
        Some(
            "Anthropic accepted the key, but there’s a problem with the account’s billing. Settle it in the Claude Console, then check again.",
        ),
    ),
    accepted(
        ANTHROPIC,
        When::Words(400, "reached your specified API usage limits"),
        Verdict::NoQuota,
        Some(SPEND_LIMIT),
    ),
    accepted(ANTHROPIC, When::Words(400, "credit balance is too low"), Verdict::NoQuota, None),
    accepted(ANTHROPIC, When::Code("not_found_error"), Verdict::WrongModel, None),
    accepted(ANTHROPIC, When::Code("permission_error"), Verdict::NoPermission, None),
    // Google: <https://cloud.google.com/apis/design/errors> and the reasons of google.api.ErrorReason
    refused(GEMINI, When::Code("API_KEY_INVALID"), Verdict::BadKey, None),
    refused(
        GEMINI,
        When::Code("ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        Verdict::BadKey,
        Some(
            "Gemini didn’t accept this key. It isn’t bound to the Gemini API the right way. Create a new key in Google AI Studio.",
        ),
    ),
    refused(
        GEMINI,
        When::Code("API_KEY_SERVICE_BLOCKED"),
        Verdict::NoPermission,
        Some(
            "The key is real, but its API restrictions leave out the Gemini API (Generative Language API). Add it to the key’s restrictions in Google Cloud, or use another key.",
        ),
    ),
    refused(
        GEMINI,
        When::Code("API_KEY_IP_ADDRESS_BLOCKED"),
        Verdict::NetworkBlocked,
        Some(
            "This key is limited to other IP addresses. Add our addresses to the key’s restrictions in Google Cloud, then check again.",
        ),
    ),
    refused(
        GEMINI,
        When::Code("API_KEY_HTTP_REFERRER_BLOCKED"),
        Verdict::NoPermission,
        Some(
            "The key is real, but it’s limited to calls from web pages. Take that restriction off in Google Cloud, or use another key.",
        ),
    ),
    refused(GEMINI, When::Code("SERVICE_DISABLED"), Verdict::ApiDisabled, None),
    refused(
        GEMINI,
        When::Code("CONSUMER_SUSPENDED"),
        Verdict::NoPermission,
        Some(
            "Google has suspended the project that this key belongs to. Find out why in Google Cloud, or use a key of another project.",
        ),
    ),
    refused(
        GEMINI,
        When::Code("FAILED_PRECONDITION"),
        Verdict::RegionBlocked,
        Some(
            "Google doesn’t serve the country this server calls from, or only with billing switched on. Switch billing on for the key’s project, or call from elsewhere.",
        ),
    ),
    accepted(GEMINI, When::Status(402), Verdict::NoQuota, None),
    accepted(
        GEMINI,
        When::Code("NOT_FOUND"),
        Verdict::WrongModel,
        Some("That model is shut down or unknown at Google."),
    ),
    refused(
        GEMINI,
        When::Words(400, "Multiple authentication credentials"),
        Verdict::StrangeAnswer,
        Some(
            "Google says it received two keys at once, though we send one. If a proxy adds a key of its own, switch that off.",
        ),
    ),
    accepted(
        VERTEX,
        TOKEN_EXPIRED,
        Verdict::StrangeAnswer,
        Some("Google says our sign-in has expired, though it was just made. Check again."),
    ),
    refused(VERTEX, When::Words(400, "short-lived token"), Verdict::ClockSkew, None),
    refused(
        VERTEX,
        When::Words(400, "account not found"),
        Verdict::BadKey,
        Some(
            "Google didn’t accept this key. The service account in the file doesn’t exist any more. Create a key for another service account.",
        ),
    ),
    refused(
        VERTEX,
        When::Code("invalid_grant"),
        Verdict::BadKey,
        Some(
            "Google didn’t accept this key. It may have been deleted or belong to a switched-off service account. Create a new key in Google Cloud.",
        ),
    ),
    accepted(VERTEX, When::Code("SERVICE_DISABLED"), Verdict::ApiDisabled, None),
    accepted(
        VERTEX,
        When::Code("BILLING_DISABLED"),
        Verdict::NoQuota,
        Some(
            "Google accepted the key, but the project has no billing account. Switch billing on in Google Cloud, then check again.",
        ),
    ),
    accepted(VERTEX, When::Code("CONSUMER_INVALID"), Verdict::WrongProject, None),
    accepted(VERTEX, When::Code("USER_PROJECT_DENIED"), Verdict::WrongProject, None),
    accepted(VERTEX, When::Code("RESOURCE_PROJECT_INVALID"), Verdict::WrongProject, None),
    accepted(VERTEX, When::Code("IAM_PERMISSION_DENIED"), Verdict::NoPermission, Some(NO_VERTEX_ROLE)),
    accepted(VERTEX, When::Code("PERMISSION_DENIED"), Verdict::NoPermission, Some(NO_VERTEX_ROLE)),
    accepted(VERTEX, When::Code("NOT_FOUND"), Verdict::WrongModel, None),
    accepted(GOOGLE, When::Code("PERMISSION_DENIED"), Verdict::NoPermission, None),
    refused(GOOGLE, When::Code("UNAUTHENTICATED"), Verdict::BadKey, None),
    // Azure: <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota>, and what its gateway answers
    accepted(AZURE, When::Code("DeploymentNotFound"), Verdict::WrongDeployment, None),
    accepted(
        AZURE,
        When::Code("OperationNotSupported"),
        Verdict::WrongModel,
        Some("The deployment’s model can’t chat. Use a deployment of a chat model."),
    ),
    accepted(AZURE, When::Code("content_filter"), Verdict::Ok, None),
    accepted(AZURE, When::Words(400, "output limit was reached"), Verdict::Ok, None),
    refused(
        AZURE,
        When::Code("AuthenticationTypeDisabled"),
        Verdict::NoPermission,
        Some(
            "This Azure resource doesn’t take keys (only Entra ID sign-in). Switch key access on for the resource, then check again.",
        ),
    ),
    refused(
        AZURE,
        When::Words(401, "Access token is missing"),
        Verdict::BadKey,
        Some(
            "{who} didn’t accept this key. The resource got no key it knows, or takes only Entra ID sign-in. Copy the key and the target URI from the same deployment.",
        ),
    ),
    refused(AZURE, When::Words(403, "Firewall"), Verdict::NetworkBlocked, None),
    refused(AZURE, When::Words(403, "Public access is disabled"), Verdict::NetworkBlocked, None),
    accepted(
        FOUNDRY,
        When::Code("unknown_model"),
        Verdict::WrongModel,
        Some("There’s no deployment of that name at this endpoint. Use the name on the deployment’s Details page."),
    ),
    accepted(FOUNDRY, When::Code("no_model_name"), Verdict::WrongModel, None),
    accepted(FOUNDRY, When::Code("extra_forbidden"), Verdict::Ok, None),
    refused(
        FOUNDRY,
        When::Words(404, "Serverless endpoint not found"),
        Verdict::WrongEndpoint,
        Some("This serverless endpoint is gone. Copy the target URI of a deployment that still runs."),
    ),
    refused(
        AZURE,
        When::Status(401),
        Verdict::BadKey,
        Some(
            "{who} didn’t accept this key. It doesn’t belong to this endpoint, or was copied without its last characters. Copy the key and the target URI from the same deployment.",
        ),
    ),
    refused(
        AZURE,
        When::Status(404),
        Verdict::WrongEndpoint,
        Some("There’s nothing for chat at this address. Copy the target URI again from the deployment’s Details."),
    ),
    // Custom servers
    accepted(
        CUSTOM,
        When::Words(403, "Inference Providers"),
        Verdict::NoPermission,
        Some(
            "The key is real, but it isn’t allowed to call models. Give the Hugging Face token the permission “Make calls to Inference Providers”.",
        ),
    ),
    accepted(CUSTOM, When::Code("not_found_error"), Verdict::WrongModel, None),
    accepted(CUSTOM, When::Code("NotFoundError"), Verdict::WrongModel, None),
    accepted(CUSTOM, When::Words(404, "model"), Verdict::WrongModel, None),
    refused(
        CUSTOM,
        When::Words(503, "Loading model"),
        Verdict::Overloaded,
        Some("The server is still loading the model. Check again when it’s ready, or save without checking."),
    ),
    // All, as most speak OpenAI's format
    refused(&[], When::Code("invalid_api_key"), Verdict::BadKey, None),
    refused(&[], When::Code("authentication_error"), Verdict::BadKey, None),
    accepted(&[], When::Code("model_not_found"), Verdict::WrongModel, None),
    accepted(&[], When::Code("insufficient_quota"), Verdict::NoQuota, None),
    accepted(&[], When::Code("rate_limit_exceeded"), Verdict::RateLimited, None),
    accepted(&[], When::Code("rate_limit_error"), Verdict::RateLimited, None),
    refused(&[], When::Code("overloaded_error"), Verdict::Overloaded, None),
    refused(&[], When::Code("server_is_overloaded"), Verdict::Overloaded, None),
    accepted(&[], When::Code("unsupported_parameter"), Verdict::Ok, None),
    refused(&[], When::Status(401), Verdict::BadKey, None),
    accepted(&[], When::Status(402), Verdict::NoQuota, None),
    refused(&[], When::Status(403), Verdict::NoPermission, None),
    refused(&[], When::Status(404), Verdict::WrongEndpoint, None),
    refused(&[], When::Status(405), Verdict::WrongEndpoint, None),
    accepted(&[], When::Status(429), Verdict::RateLimited, None),
];

const RESTRICTED: &str = "The key is real, but it isn’t allowed to run models. Give it the permission “Model capabilities: Write” at OpenAI, or use an unrestricted key.";
const SPEND_LIMIT: &str = "{who} accepted the key, but a spend limit has been reached. Raise it at {who}, then check again. You can also save now and prompts will start working when there’s room.";
const NO_VERTEX_ROLE: &str = "The key is real, but its service account may not use Vertex AI in this project. Give it the role Vertex AI User there, or check the project ID.";

/// What is left when nothing is known about a status.
fn unknown_status(status: u16) -> Rule {
    let verdict = if status >= 500 || status == 408 { Verdict::Overloaded } else { Verdict::StrangeAnswer };
    refused(&[], When::Status(status), verdict, None)
}

/// What an error's body tells: codes, most telling first, and words.
#[derive(Debug, Default)]
struct Hints {
    codes: Vec<String>,
    words: String,
}

impl Hints {
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self { codes: Vec::new(), words: readable(&String::from_utf8_lossy(body)) };
        };
        // Google's streaming and OpenAI-shaped paths wrap the error in an array.
        let value = value.as_array().and_then(|all| all.first()).unwrap_or(&value);
        match value.get("error") {
            Some(Value::Object(_)) => Self::of_object(&value["error"]),
            // OAuth's errors have a code here, Hugging Face and Ollama whole sentences.
            Some(Value::String(error)) => match value.get("error_description").and_then(Value::as_str) {
                Some(words) => Self { codes: vec![error.clone()], words: words.to_owned() },
                None => Self { codes: Vec::new(), words: error.clone() },
            },
            _ => Self::of_object(value),
        }
    }

    fn of_object(error: &Value) -> Self {
        let details = error.get("details");
        let reasons = details.and_then(Value::as_array).into_iter().flatten().filter_map(|detail| detail.get("reason"));
        let code = error.get("code").into_iter();
        let detail_code = details.and_then(|details| details.get("error_code"));
        let others = ["type", "status"].into_iter().filter_map(|name| error.get(name));
        let codes = code.chain(reasons).chain(detail_code).chain(others).filter_map(Value::as_str);
        let words = ["message", "detail", "msg", "status"].into_iter().filter_map(|name| error.get(name));
        Self {
            // A number as a code only repeats the HTTP status.
            codes: codes.filter(|code| !code.chars().all(|c| c.is_ascii_digit())).map(str::to_owned).collect(),
            words: words.filter_map(Value::as_str).next().unwrap_or_default().to_owned(),
        }
    }
}

/// The words of an answer that is no JSON; of a web page its title.
fn readable(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if !lower.trim_start().starts_with('<') {
        return text.trim().to_owned();
    }
    let title = lower.find("<title>").zip(lower.find("</title>"));
    title.and_then(|(start, end)| text.get(start + "<title>".len()..end)).unwrap_or_default().trim().to_owned()
}

//! What a provider's answer means, by the provider's own rules and then those for all. Rules look at the error's code, the reason in its details, its type or status;
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
    let holds = |rule: &&Rule| match rule.when {
        When::Code(code) => hints.codes.iter().any(|given| given == code),
        When::Words(with_status, words) => status == with_status && hints.words.contains(words),
        When::Status(with_status) => status == with_status,
    };
    let rules = provider.rules.iter().copied().chain([COMMON]).flatten();
    let rule = rules.into_iter().find(holds).copied().unwrap_or(unknown_status(status));
    Reading {
        verdict: rule.verdict,
        key_accepted: rule.key_accepted,
        retry: matches!(rule.verdict, Verdict::RateLimited | Verdict::Overloaded)
            || rule.when == When::Code(TOKEN_EXPIRED),
        code: hints.codes.into_iter().next(),
        words: hints.words,
        says: rule.says,
    }
}

/// Google's reason for a token that has run out; a new one helps.
pub(super) const TOKEN_EXPIRED: &str = "ACCESS_TOKEN_EXPIRED";

/// When a rule holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The error has this code, reason, type or status word.
    Code(&'static str),
    /// The answer has this HTTP status and these words.
    Words(u16, &'static str),
    /// The answer has this HTTP status.
    Status(u16),
}

/// What an answer means that fulfils a condition.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    when: When,
    verdict: Verdict,
    key_accepted: bool,
    says: Option<&'static str>,
}

/// A rule for an answer that only a right key gets. `says` replaces the verdict's usual words.
pub(super) const fn accepted(when: When, verdict: Verdict, says: Option<&'static str>) -> Rule {
    Rule { when, verdict, key_accepted: true, says }
}

/// A rule for an answer that does not prove the key. `says` replaces the verdict's usual words.
pub(super) const fn refused(when: When, verdict: Verdict, says: Option<&'static str>) -> Rule {
    Rule { when, verdict, key_accepted: false, says }
}

/// The words about a limit that the customer has set.
pub(super) const SPEND_LIMIT: &str = "{who} accepted the key, but a spend limit has been reached. Raise it at {who}, then check again. You can also save now and prompts will start working when there’s room.";

/// The rules for all providers, as most speak OpenAI's format. What is exact stands before what is general.
const COMMON: &[Rule] = &[
    refused(When::Code("invalid_api_key"), Verdict::BadKey, None),
    refused(When::Code("authentication_error"), Verdict::BadKey, None),
    accepted(When::Code("model_not_found"), Verdict::WrongModel, None),
    accepted(When::Code("insufficient_quota"), Verdict::NoQuota, None),
    accepted(When::Code("rate_limit_exceeded"), Verdict::RateLimited, None),
    accepted(When::Code("rate_limit_error"), Verdict::RateLimited, None),
    refused(When::Code("overloaded_error"), Verdict::Overloaded, None),
    refused(When::Code("server_is_overloaded"), Verdict::Overloaded, None),
    accepted(When::Code("unsupported_parameter"), Verdict::Ok, None),
    refused(When::Status(401), Verdict::BadKey, None),
    accepted(When::Status(402), Verdict::NoQuota, None),
    refused(When::Status(403), Verdict::NoPermission, None),
    refused(When::Status(404), Verdict::WrongEndpoint, None),
    refused(When::Status(405), Verdict::WrongEndpoint, None),
    accepted(When::Status(429), Verdict::RateLimited, None),
];

/// What is left when nothing is known about a status.
fn unknown_status(status: u16) -> Rule {
    let verdict = if status >= 500 || status == 408 { Verdict::Overloaded } else { Verdict::StrangeAnswer };
    refused(When::Status(status), verdict, None)
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

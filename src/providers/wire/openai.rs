//! OpenAI's format, which Azure and most other servers speak too.

use serde_json::{Value, json};

use crate::domain::check::{OfferedModel, Verdict};
use crate::providers::calls::Call;
use crate::providers::check::Check;
use crate::providers::findings::Problem;

/// The names that the limit of an answer's length goes by. New models of OpenAI refuse the older one, most other
/// servers do not know the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `max_tokens`
    MaxTokens,
    /// `max_completion_tokens`
    MaxCompletionTokens,
}

impl Limit {
    fn name(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::MaxTokens => Self::MaxCompletionTokens,
            Self::MaxCompletionTokens => Self::MaxTokens,
        }
    }
}

/// The body of the smallest chat request that proves something.
#[must_use]
pub fn ping(model: Option<&str>, limit: Limit) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": "ping" }] });
    body[limit.name()] = json!(16);
    if let Some(model) = model {
        body["model"] = json!(model);
    }
    body
}

/// Asks for at most 16 tokens, with the limit under its other name if the first is refused. `Null` stands for an
/// error that only a right key and model get.
///
/// # Errors
/// If the answer proves nothing.
pub async fn chat(check: &mut Check<'_>, limit: Limit, make: impl Fn(Limit) -> Call) -> Result<Value, Problem> {
    let mut answer = check.ask(|| make(limit)).await?;
    let is_about_the_limit = matches!(answer.status, 400 | 422)
        && (answer.text().contains(limit.name()) || check.read(&answer).verdict == Verdict::Ok);
    if is_about_the_limit {
        let other = check.ask(|| make(limit.other())).await?;
        if other.is_success() {
            answer = other;
        }
    }
    if !answer.is_success() && check.read(&answer).verdict == Verdict::Ok {
        return Ok(Value::Null);
    }
    let value = check.json(&answer)?;
    if value.get("choices").is_none_or(|choices| !choices.is_array()) {
        return Err(check.problem(
            Verdict::WrongEndpoint,
            "What answered isn’t a chat in the OpenAI format. Check that the endpoint is the model server’s own address.",
        ));
    }
    Ok(value)
}

/// The text of the first choice of an answer.
#[must_use]
pub fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

/// Whether the first choice was cut off at the limit.
#[must_use]
pub fn is_cut_off(answer: &Value) -> bool {
    answer["choices"][0]["finish_reason"] == "length"
}

/// The name of the model that answered.
#[must_use]
pub fn answered_by(answer: &Value) -> Option<String> {
    answer["model"].as_str().filter(|model| !model.is_empty()).map(str::to_owned)
}

/// The models of a list; `None` if it is none. `shutdown_date` is OpenAI's own addition.
#[must_use]
pub fn models(list: &Value) -> Option<Vec<OfferedModel>> {
    let entries = list.get("data")?.as_array()?.iter();
    let models = entries.filter_map(|entry| {
        Some(OfferedModel {
            id: entry.get("id")?.as_str()?.to_owned(),
            context_window: None,
            retires_on: entry.get("shutdown_date").and_then(Value::as_str).map(str::to_owned),
        })
    });
    Some(models.collect())
}

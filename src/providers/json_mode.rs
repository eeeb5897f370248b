//! Finds out how strictly a server keeps to a JSON schema. That it *accepts* a schema means little: several drop it
//! silently. So the schema allows one random word that the prompt does not tell; only an enforced schema gets it
//! into the answer.

use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};

use crate::domain::check::{JsonMode, StepKind, Verdict};

use super::calls::{Answer, Body, Call};
use super::check::Check;
use super::findings::Problem;
use super::wire::openai;

const PROMPT: &str = "Answer with a JSON object that has one key, \"probe\", and a word of your choice as its value.";
/// Enough for the object.
const FEW_TOKENS: u32 = 64;
/// Enough for a model that thinks first.
const MANY_TOKENS: u32 = 1024;

/// How a server took one form of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// It kept to the schema.
    Enforced,
    /// It answered in JSON of its own shape.
    JsonOnly,
    /// It answered in plain text, or refused the request.
    Not,
}

/// Asks in up to three forms, the strictest first, and stops at the first that is enforced. `blank` makes a call to
/// the chat address with its credentials; its body is put in here.
///
/// # Errors
/// If the server stops answering.
pub async fn probe(check: &mut Check<'_>, model: &str, blank: impl Fn() -> Call) -> Result<JsonMode, Problem> {
    let word = format!("ok-{}", Alphanumeric.sample_string(&mut rand::rng(), 8).to_lowercase());
    let schema = schema(&word);
    let forms = [
        (
            json!({ "type": "json_schema", "json_schema": { "name": "probe", "strict": true, "schema": schema } }),
            JsonMode::JsonSchema,
        ),
        (json!({ "type": "json_object", "schema": schema }), JsonMode::JsonObjectSchema),
        (json!({ "type": "json_object" }), JsonMode::JsonOnly),
    ];
    let mut best = JsonMode::Missing;
    for (form, mode) in forms {
        match ask(check, model, &form, &word, &blank).await? {
            Taken::Enforced => return Ok(mode),
            Taken::JsonOnly => best = JsonMode::JsonOnly,
            Taken::Not => {}
        }
    }
    Ok(best)
}

/// What the mode means for the connection; notes the step if it passes.
///
/// # Errors
/// If there is no JSON mode.
pub fn conclude(check: &mut Check<'_>, mode: JsonMode) -> Result<(Verdict, String), Problem> {
    match mode {
        JsonMode::Missing => {
            let message = "This server didn’t answer in JSON when asked to. We asked for a JSON object matching a schema and got plain text. Turn JSON mode on for this model, or update the server: Ollama and SGLang both have it.";
            Err(Problem { step: StepKind::JsonMode, ..check.problem(Verdict::NoJsonMode, message) })
        }
        JsonMode::JsonOnly => {
            let message = "The server answered in JSON, but not in the shape we asked for. Models that ignore the schema will fail in prompts.";
            check.warn("JSON mode ignores the schema", message);
            Ok((Verdict::Limited, message.to_owned()))
        }
        JsonMode::JsonObjectSchema | JsonMode::JsonSchema => {
            check.pass("JSON mode", "The server answered in the shape we asked for.");
            let model = check.target.deployment_name.as_deref().unwrap_or("The model");
            Ok((Verdict::Ok, format!("{model} answers, also in JSON of a given shape.")))
        }
    }
}

fn schema(word: &str) -> Value {
    json!({
        "type": "object",
        "properties": { "probe": { "type": "string", "enum": [word] } },
        "required": ["probe"],
        "additionalProperties": false,
    })
}

async fn ask(
    check: &mut Check<'_>,
    model: &str,
    form: &Value,
    word: &str,
    blank: &impl Fn() -> Call,
) -> Result<Taken, Problem> {
    for max_tokens in [FEW_TOKENS, MANY_TOKENS] {
        let body = json!({
            "model": model,
            "messages": [{ "role": "user", "content": PROMPT }],
            "max_tokens": max_tokens,
            "response_format": form,
        });
        let answer = check.ask(|| Call { body: Body::Json(body.clone()), ..blank() }).await?;
        if is_refusal_of_the_form(&answer) {
            return Ok(Taken::Not);
        }
        let answer = check.json(&answer)?;
        let taken = judge(openai::content(&answer), word);
        if taken != Taken::Not || !openai::is_cut_off(&answer) {
            return Ok(taken);
        }
    }
    Ok(Taken::Not)
}

/// The same request without the form was answered just before, so this is about the form. 501 is llama.cpp's.
fn is_refusal_of_the_form(answer: &Answer) -> bool {
    matches!(answer.status, 400 | 404 | 415 | 422 | 500 | 501)
}

fn judge(content: &str, word: &str) -> Taken {
    match serde_json::from_str::<Value>(content.trim()) {
        Ok(Value::Object(object)) if object.get("probe").is_some_and(|value| value == word) => Taken::Enforced,
        Ok(Value::Object(_)) => Taken::JsonOnly,
        _ => Taken::Not,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_word_counts_as_enforced() {
        assert_eq!(judge("{\"probe\": \"ok-x\"}\n", "ok-x"), Taken::Enforced);
        assert_eq!(judge("{\"probe\": \"hello\"}", "ok-x"), Taken::JsonOnly);
        assert_eq!(judge("```json\n{\"probe\": \"ok-x\"}\n```", "ok-x"), Taken::Not);
        assert_eq!(judge("Sure! ok-x", "ok-x"), Taken::Not);
        assert_eq!(judge("\"ok-x\"", "ok-x"), Taken::Not);
    }
}

//! What the providers' servers answer when nothing is scripted: lists, token counts, short chats, and the error of
//! each for a key it does not know. Shapes as in the providers' references.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fake_provider::{Script, Seen};

/// How a custom server takes `response_format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonDialect {
    /// It enforces both forms of a schema, as llama.cpp does.
    #[default]
    Both,
    /// It enforces `json_schema` and drops the schema of `json_object`, as Ollama does.
    JsonSchema,
    /// It enforces `json_object` with a schema and refuses `json_schema`.
    JsonObjectSchema,
    /// It answers in JSON of its own shape.
    JsonOnly,
    /// It answers in prose.
    Ignores,
}

/// The unscripted answer.
pub fn truth(script: &Script, seen: &Seen) -> (u16, Value) {
    let path = seen.path.split('?').next().unwrap_or_default();
    if path == "/token" {
        return token(script, seen);
    }
    let Some(vendor) = Vendor::of(path, seen) else { return (404, json!("404 page not found")) };
    let good_key = match vendor {
        Vendor::Vertex => Some(ACCESS_TOKEN),
        _ => script.good_key.as_deref(),
    };
    if good_key.is_some_and(|good_key| good_key != seen.key()) {
        return vendor.bad_key();
    }
    match (vendor, path) {
        (Vendor::Vertex, _) if path.ends_with("/publishers/google/models") => (200, publisher_models(script)),
        (Vendor::Gemini | Vendor::Vertex, _) if path.ends_with(":countTokens") => count_tokens(script, path),
        (Vendor::Gemini, _) => (200, gemini_models(script)),
        (Vendor::Anthropic, "/v1/models") => (200, anthropic_models(script)),
        (Vendor::Anthropic, _) => (200, message(seen)),
        (_, _) if path.ends_with("/models") => (200, openai_models(script)),
        (_, _) => chat(script, vendor, path, seen),
    }
}

/// An error that repeats the key.
pub fn echo(seen: &Seen) -> Value {
    let key = seen.key();
    let bearer = STANDARD.encode(format!("key={key}"));
    json!({ "error": {
        "message": format!("Incorrect API key provided: {key} (debug: {bearer}, head {})", &key[..key.len().min(12)]),
        "type": "invalid_request_error", "code": "invalid_api_key",
    } })
}

const ACCESS_TOKEN: &str = "ya29.fake-access-token-0123456789";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    OpenAi,
    Gemini,
    Vertex,
    Anthropic,
    Azure,
}

impl Vendor {
    fn of(path: &str, seen: &Seen) -> Option<Self> {
        let is_chat = path.ends_with("/chat/completions");
        match path {
            _ if path.contains("/publishers/google/") => Some(Self::Vertex),
            _ if path.starts_with("/v1beta/") => Some(Self::Gemini),
            _ if !seen.header("anthropic-version").is_empty() => Some(Self::Anthropic),
            _ if (path.starts_with("/openai/") || path.starts_with("/models/")) && is_chat => Some(Self::Azure),
            _ if path.starts_with("/v1/") => Some(Self::OpenAi),
            _ => None,
        }
    }

    fn bad_key(self) -> (u16, Value) {
        match self {
            Self::OpenAi => (
                401,
                json!({ "error": {
                "message": "Incorrect API key provided: sk-ba***5678. You can find your API key at https://platform.openai.com/account/api-keys.",
                "type": "invalid_request_error", "param": null, "code": "invalid_api_key" } }),
            ),
            Self::Gemini => (
                400,
                json!({ "error": {
                "code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
                "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID" }] } }),
            ),
            Self::Vertex => (
                401,
                json!({ "error": {
                "code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED" } }),
            ),
            Self::Anthropic => (
                401,
                json!({ "type": "error",
                "error": { "type": "authentication_error", "message": "invalid x-api-key" }, "request_id": "req_1" }),
            ),
            Self::Azure => (
                401,
                json!({ "error": { "code": "401",
                "message": "Access denied due to invalid subscription key or wrong API endpoint." } }),
            ),
        }
    }
}

/// Google's token endpoint: checks the signature, audience and times of the assertion.
fn token(script: &Script, seen: &Seen) -> (u16, Value) {
    let form: Vec<(String, String)> = serde_urlencoded::from_str(&seen.body).unwrap_or_default();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if value("grant_type") != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
        return (400, json!({ "error": "unsupported_grant_type", "error_description": "Invalid grant_type" }));
    }
    let refuse = |description: &str| (400, json!({ "error": "invalid_grant", "error_description": description }));
    let Some(account) = &script.account else { return refuse("Invalid grant: account not found") };
    match account.verify(value("assertion").unwrap_or_default()) {
        Ok(()) => (200, json!({ "access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer" })),
        Err(description) => refuse(description),
    }
}

fn openai_models(script: &Script) -> Value {
    let model = |id: &String| json!({ "id": id, "object": "model", "created": 1, "owned_by": "fake", "shutdown_date": "2027-01-14" });
    json!({ "object": "list", "data": script.models.iter().map(model).collect::<Vec<_>>() })
}

fn gemini_models(script: &Script) -> Value {
    let model = |id: &String| json!({ "name": format!("models/{id}"), "inputTokenLimit": 1_048_576, "supportedGenerationMethods": ["generateContent", "countTokens"] });
    let mut models: Vec<_> = script.models.iter().map(model).collect();
    models.push(json!({ "name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"] }));
    json!({ "models": models })
}

fn publisher_models(script: &Script) -> Value {
    let model = |id: &String| json!({ "name": format!("publishers/google/models/{id}") });
    let mut models: Vec<_> = script.models.iter().map(model).collect();
    models.push(json!({ "name": "publishers/google/models/imagen-4" }));
    json!({ "publisherModels": models })
}

fn anthropic_models(script: &Script) -> Value {
    let model = |id: &String| json!({ "type": "model", "id": id, "display_name": id, "lifecycle": "active", "retires_at": "2027-02-01T00:00:00Z", "max_input_tokens": 200_000 });
    let mut models: Vec<_> = script.models.iter().map(model).collect();
    models.push(json!({ "type": "model", "id": "claude-gone", "lifecycle": "retired" }));
    json!({ "data": models, "has_more": false, "last_id": "claude-gone" })
}

fn count_tokens(script: &Script, path: &str) -> (u16, Value) {
    let model = path.rsplit('/').next().unwrap_or_default().trim_end_matches(":countTokens");
    if script.models.iter().any(|known| known == model) {
        return (200, json!({ "totalTokens": 1 }));
    }
    let message =
        format!("models/{model} is not found for API version v1beta, or is not supported for generateContent.");
    (404, json!({ "error": { "code": 404, "message": message, "status": "NOT_FOUND" } }))
}

fn message(seen: &Seen) -> Value {
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    json!({ "type": "message", "role": "assistant", "model": body["model"], "content": [{ "type": "text", "text": "pong" }] })
}

fn chat(script: &Script, vendor: Vendor, path: &str, seen: &Seen) -> (u16, Value) {
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let in_path = path.split("/deployments/").nth(1).and_then(|rest| rest.split('/').next());
    let model = in_path.or(body["model"].as_str()).unwrap_or_default();
    if !script.models.iter().any(|known| known == model || known.strip_suffix(":latest") == Some(model)) {
        return unknown_model(vendor, model);
    }
    let form = &body["response_format"];
    if script.json == JsonDialect::JsonObjectSchema && form["type"] == "json_schema" {
        return (
            400,
            json!({ "error": { "message": "Unknown response_format type", "type": "invalid_request_error" } }),
        );
    }
    let behind = if vendor == Vendor::Azure { format!("{model}-2026-01-01") } else { model.to_owned() };
    let content = content(script.json, form);
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" });
    (200, json!({ "object": "chat.completion", "model": behind, "choices": [choice] }))
}

fn unknown_model(vendor: Vendor, model: &str) -> (u16, Value) {
    if vendor == Vendor::Azure {
        let message = "The API deployment for this resource does not exist.";
        return (404, json!({ "error": { "code": "DeploymentNotFound", "message": message } }));
    }
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    (404, json!({ "error": { "message": message, "type": "invalid_request_error", "code": "model_not_found" } }))
}

fn content(dialect: JsonDialect, form: &Value) -> String {
    let in_json_schema = &form["json_schema"]["schema"]["properties"]["probe"]["enum"][0];
    let in_json_object = &form["schema"]["properties"]["probe"]["enum"][0];
    let enforced = match dialect {
        JsonDialect::Both if in_json_schema.is_string() => in_json_schema,
        JsonDialect::Both | JsonDialect::JsonObjectSchema => in_json_object,
        JsonDialect::JsonSchema => in_json_schema,
        JsonDialect::JsonOnly | JsonDialect::Ignores => &Value::Null,
    };
    match (form.is_null() || dialect == JsonDialect::Ignores, enforced) {
        (true, _) => "Sure! Here is what you asked for.".to_owned(),
        (false, Value::Null) => json!({ "answer": "something" }).to_string(),
        (false, word) => json!({ "probe": word }).to_string(),
    }
}

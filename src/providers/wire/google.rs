//! Google's format, which Gemini and Vertex AI share.

use serde_json::{Value, json};

use crate::domain::check::OfferedModel;

/// The body of a request that counts the tokens of a word. Counting is free.
#[must_use]
pub fn count_tokens() -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": "ping" }] }] })
}

/// The models of a page of Gemini's list that answer requests, with the token of the next page.
#[must_use]
pub fn gemini_models(page: &Value) -> (Vec<OfferedModel>, Option<String>) {
    let generates = |entry: &&Value| {
        entry["supportedGenerationMethods"].as_array().is_some_and(|all| all.iter().any(|m| m == "generateContent"))
    };
    let models = page["models"].as_array().into_iter().flatten().filter(generates).filter_map(|entry| {
        Some(OfferedModel {
            id: entry["name"].as_str()?.trim_start_matches("models/").to_owned(),
            context_window: entry["inputTokenLimit"].as_i64(),
            retires_on: None,
        })
    });
    (models.collect(), next_page(page))
}

/// The Gemini models of a page of Vertex AI's list, with the token of the next page. The list also has models for
/// images, speech and embeddings and does not say which chat; only Gemini's take `generateContent`.
#[must_use]
pub fn publisher_models(page: &Value) -> (Vec<OfferedModel>, Option<String>) {
    let names = page["publisherModels"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str());
    let ids = names.filter_map(|name| name.rsplit('/').next()).filter(|id| id.starts_with("gemini-") && is_id(id));
    let models = ids.map(|id| OfferedModel { id: id.to_owned(), context_window: None, retires_on: None });
    (models.collect(), next_page(page))
}

/// Whether a name can stand in an address as it is. Google's always can; what stands in for Google may not.
#[must_use]
pub fn is_id(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
}

/// The models in the order in which to try them: the cheapest and steadiest first.
#[must_use]
pub fn cheapest_first(models: &[OfferedModel]) -> Vec<String> {
    let mut ids: Vec<String> = models.iter().map(|model| model.id.clone()).filter(|id| is_id(id)).collect();
    ids.sort_by_key(|id| {
        let size = ["flash-lite", "flash"].iter().position(|size| id.contains(size)).unwrap_or(2);
        let is_special = ["preview", "exp", "image", "tts", "audio", "live"].iter().any(|word| id.contains(word));
        (is_special, size)
    });
    ids
}

fn next_page(page: &Value) -> Option<String> {
    page["nextPageToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned)
}

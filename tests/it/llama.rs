//! The Custom provider's peer is the genuine thing: what our other tests rely on, asked of it directly.

use serde_json::{Value, json};

use crate::support::llama::{API_KEY, LlamaServer, MODEL};

#[tokio::test]
async fn llama_lists_its_model_to_whoever_has_the_key() {
    let Some(llama) = LlamaServer::start() else { return };
    let (status, body) = get(&format!("{}/models", llama.endpoint()), API_KEY).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"][0]["id"], MODEL);
}

#[tokio::test]
async fn llama_refuses_a_wrong_key() {
    let Some(llama) = LlamaServer::start() else { return };
    let (status, body) = get(&format!("{}/models", llama.endpoint()), "sk-wrong").await;
    assert_eq!(status, 401);
    assert_eq!(body["error"]["type"], "authentication_error");
}

#[tokio::test]
async fn llama_answers_in_sentences() {
    let Some(llama) = LlamaServer::start() else { return };
    let (status, body) = ask(&llama, json!({})).await;
    assert_eq!(status, 200);
    assert_ne!(content(&body).trim(), "");
}

#[tokio::test]
async fn llama_enforces_a_schema_whose_answer_it_could_not_guess() {
    let Some(llama) = LlamaServer::start() else { return };
    let schema = json!({
        "type": "object",
        "properties": { "code": { "type": "string", "enum": ["zebra-4711"] } },
        "required": ["code"],
        "additionalProperties": false,
    });
    let strict = json!({ "type": "json_schema", "json_schema": { "name": "probe", "strict": true, "schema": schema } });
    let older = json!({ "type": "json_object", "schema": schema });
    for response_format in [strict, older] {
        let (status, body) = ask(&llama, response_format).await;
        assert_eq!(status, 200);
        let answer: Value = serde_json::from_str(content(&body)).expect("the answer is JSON");
        assert_eq!(answer, json!({ "code": "zebra-4711" }));
    }
}

async fn ask(llama: &LlamaServer, response_format: Value) -> (u16, Value) {
    let mut question = json!({
        "model": MODEL,
        "max_tokens": 64,
        // Without chance, or the model sometimes ends its answer before the first word.
        "temperature": 0,
        "messages": [{ "role": "user", "content": "Say something." }],
    });
    if response_format != json!({}) {
        question["response_format"] = response_format;
    }
    let request = client().post(format!("{}/chat/completions", llama.endpoint())).json(&question);
    answer(request.bearer_auth(API_KEY)).await
}

async fn get(url: &str, key: &str) -> (u16, Value) {
    answer(client().get(url).bearer_auth(key)).await
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let reply = request.send().await.expect("the server answers");
    (reply.status().as_u16(), reply.json().await.expect("the answer is JSON"))
}

fn content(body: &Value) -> &str {
    body["choices"][0]["message"]["content"].as_str().expect("a message with text")
}

#[expect(clippy::disallowed_methods, reason = "the rule is for the product’s calls")]
fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

//! The main job, against a genuine llama.cpp server.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::Stage;
use crate::support::llama::{API_KEY, LlamaServer, MODEL};

#[tokio::test]
async fn a_custom_server_is_added_proven_and_its_model_is_there_for_everyone() {
    let Some(llama) = LlamaServer::start() else { return };
    let Some(stage) = Stage::set().await else { return };
    let window = stage.signed_in(Role::Owner, Look::default()).await;
    window.follow("Add provider").await;
    window.sees("One key for each model").await;
    window.is_in_order("chooser").await;
    window.follow("Custom").await;
    window.sees("Connect a custom model").await;
    window.is_in_order("custom").await;

    // As people paste it who add to what was there.
    window.fill("Name", MODEL).await;
    window.fill("Endpoint", &format!("{}/v1", llama.endpoint())).await;
    window.fill("API key", API_KEY).await;
    window.press("Check and save").await;
    window.sees_at("endpoint", "The endpoint has /v1 twice.").await;
    window.has_focus_on(".errors").await;
    window.is_in_order("custom-errors").await;
    window.press("Use this").await;
    window.holds("Endpoint", &llama.endpoint()).await;
    window.press("Check and save").await;

    window.sees(&format!("{MODEL} is connected.")).await;
    window.has_focus_on(".note-ok").await;
    window.sees("Working").await;
    window.is_in_order("providers-saved").await;
    window.follow("See what we checked").await;
    for step in ["Address", "Network policy", "Key accepted", &format!("Model {MODEL} found"), "JSON mode"] {
        window.sees(&format!("Passed: {step}")).await;
    }
    let passed = window.evaluate("return document.querySelectorAll('.steps .steps > .ok').length").await;
    assert_eq!(passed, 5);
    window.sees("The server answered in the shape we asked for.").await;
    window.is_in_order("connection").await;

    let annotator = stage.signed_in(Role::Annotator, Look::of(Width::Phone, Theme::Dark)).await;
    annotator.sees("Base models").await;
    annotator.sees_in("main", MODEL).await;
    annotator.sees_in("main", "Can be used").await;
    annotator.is_in_order("base-models").await;
}

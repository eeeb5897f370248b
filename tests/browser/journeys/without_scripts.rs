//! Everything with the browser's scripts switched off.

use claviger::domain::role::Role;

use crate::browser::{Look, Scripts, Theme, Width};
use crate::stage::{GOOD_KEY, Stage};

#[tokio::test]
async fn a_provider_is_added_changed_and_removed_without_scripts() {
    let Some(stage) = Stage::set().await else { return };
    let look = Look { scripts: Scripts::Off, ..Look::of(Width::Phone, Theme::Light) };
    let window = stage.signed_in(Role::Owner, look).await;
    window.follow("Add provider").await;
    window.follow("OpenAI").await;
    window.sees("Connect OpenAI").await;
    window.does_not_see("Show").await;
    window.press("Check and save").await;
    window.sees_at("api_key", "Enter the API key.").await;
    window.is_in_order("openai-errors").await;

    window.fill("API key", &format!(" {GOOD_KEY} ")).await;
    window.press_enter_in("API key").await;
    window.sees("OpenAI is connected.").await;
    window.is_in_order("providers-saved").await;
    window.press("More for OpenAI").await;
    window.press("Pause").await;
    window.sees("OpenAI is paused.").await;
    window.press("Resume").await;
    window.sees("OpenAI is back.").await;
    window.tick("gpt-5").await;
    window.press("Save models").await;
    window.sees("2 of 3 on.").await;
    window.press("Menu").await;
    window.follow("Base models").await;
    window.sees_in("main", "gpt-4o-mini").await;
    window.press("Menu").await;
    window.follow("Providers").await;
    window.press("More for OpenAI").await;
    window.follow("Remove…").await;
    window.fill("Type OpenAI to confirm", "OpenAI").await;
    window.press("Remove OpenAI").await;
    window.sees("Connect your first model provider").await;
}

//! The life of a key: rejected, accepted, replaced, paused, removed.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::{GOOD_KEY, Stage};

const BAD_KEY: &str = "sk-proj-bad-0123456789abcdefgk9Tz";
const NEW_KEY: &str = "sk-proj-new-0123456789abcdefgk2Lm";

#[tokio::test]
async fn a_rejected_key_is_told_at_its_field_and_another_one_is_taken() {
    let Some(stage) = Stage::set().await else { return };
    let window = stage.signed_in(Role::Administrator, Look::of(Width::Desktop, Theme::Dark)).await;
    window.visit(&stage.url("/providers/new/openai")).await;
    window.sees("Connect OpenAI").await;
    window.is_in_order("openai").await;
    window.press("Check and save").await;
    window.sees_at("api_key", "Enter the API key.").await;

    window.fill("API key", &format!("  {BAD_KEY} ")).await;
    window.sees(&format!("Received {} characters, ending k9Tz.", BAD_KEY.len())).await;
    window.press("Check and save").await;
    window.sees_at("api_key", "OpenAI didn’t accept this key. It ends k9Tz and may have been deleted").await;
    window.has_focus_on(".errors").await;
    window.sees_in(".errors", "OpenAI didn’t accept this key").await;
    window.sees("Failed: Key not accepted").await;
    window.does_not_see("Save without checking").await;
    // A key that was rejected is not held.
    window.does_not_see("Use another").await;
    window.holds("API key", "").await;
    window.is_in_order("openai-rejected").await;
    window.follow("OpenAI didn’t accept this key").await;
    window.has_focus_on("#api_key").await;

    // A good key, but the provider is down: it is held, and may be saved as it is.
    stage.fake.answer_with("/models", 503, "down for maintenance".into());
    window.fill("API key", GOOD_KEY).await;
    window.press("Check again and save").await;
    window.sees("OpenAI is having trouble (503).").await;
    window.sees("Received, ending x4Qa. Kept for 10 minutes").await;
    window.sees("Save without checking").await;
    assert!(!window.html().await.contains(GOOD_KEY), "the page holds the key");
    window.is_in_order("openai-held").await;

    stage.fake.recover();
    window.press("Check again and save").await;
    window.sees("OpenAI is connected.").await;
    window.sees("key ending x4Qa").await;
    window.follow("Add provider").await;
    window.sees("Already connected. Open it to replace the key.").await;
    window.is_in_order("chooser-connected").await;
}

#[tokio::test]
async fn a_key_is_replaced_verified_paused_and_removed() {
    let Some(stage) = Stage::set().await else { return };
    let window = stage.signed_in(Role::Owner, Look::of(Width::Phone, Theme::Light)).await;
    window.visit(&stage.url("/providers/new/openai")).await;
    window.fill("API key", GOOD_KEY).await;
    window.press("Check and save").await;
    window.sees("OpenAI is connected.").await;
    window.follow("Choose which ones to offer").await;
    window.sees("3 of 3 on.").await;

    // The old key stays until the new one has passed.
    window.follow("Replace key").await;
    window.sees("keeps working until the new one has passed its check").await;
    window.is_in_order("replace-key").await;
    window.fill("API key", NEW_KEY).await;
    window.press("Check and save").await;
    window.sees("The new key didn’t pass, so OpenAI still uses the key ending x4Qa.").await;
    window.is_in_order("replace-key-rejected").await;
    stage.fake.good_key(NEW_KEY);
    window.fill("API key", NEW_KEY).await;
    window.press("Check again and save").await;
    window.sees("OpenAI now uses the key ending k2Lm.").await;
    window.sees("The old key, ending x4Qa, has been deleted from this app.").await;

    window.press("Verify").await;
    window.sees("OpenAI works.").await;
    window.tick("gpt-4o-mini").await;
    window.press("Save models").await;
    window.sees("2 of 3 on.").await;
    window.is_in_order("connection-models").await;
    window.press("Pause").await;
    window.sees("OpenAI is paused.").await;
    window.is_in_order("connection-paused").await;
    window.press("Resume").await;
    window.sees("OpenAI is back.").await;

    stage.fake.good_key("another");
    window.press("Verify").await;
    window.sees("OpenAI: Key rejected.").await;
    window.is_in_order("connection-rejected").await;

    window.follow("Remove…").await;
    window.sees("Remove OpenAI?").await;
    window.is_in_order("remove").await;
    window.fill("Type OpenAI to confirm", "openai").await;
    window.press("Remove OpenAI").await;
    window.sees_at("confirm", "Type OpenAI exactly as shown.").await;
    window.is_in_order("remove-error").await;
    window.fill("Type OpenAI to confirm", "OpenAI").await;
    window.press("Remove OpenAI").await;
    window.sees("OpenAI was removed.").await;
    window.sees("Connect your first model provider").await;
}

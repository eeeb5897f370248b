//! Who did what.

use claviger::domain::role::Role;

use crate::browser::{Look, Theme, Width};
use crate::stage::{GOOD_KEY, Stage};

#[tokio::test]
async fn the_log_is_filtered_and_taken_along_as_csv() {
    let Some(stage) = Stage::set().await else { return };
    let window = stage.signed_in(Role::Owner, Look::of(Width::Phone, Theme::Dark)).await;
    window.visit(&stage.url("/providers/new/openai")).await;
    window.fill("API key", GOOD_KEY).await;
    window.press("Check and save").await;
    window.sees("OpenAI is connected.").await;
    window.visit(&stage.url("/audit")).await;
    window.sees("Signed in").await;
    window.sees_in("table.audit", "OpenAI").await;
    window.is_in_order("audit").await;

    window.fill("Search", "OpenAI").await;
    window.press("Apply").await;
    window.sees_in("table.audit", "OpenAI").await;
    window.does_not_see("Signed in").await;
    window.holds("Search", "OpenAI").await;
    window.is_in_order("audit-filtered").await;
    let csv = window.href_of("Export CSV").await;
    let mut owner = stage.app.owner().await;
    let reply = owner.get(csv.trim_start_matches(&stage.app.origin)).await;
    reply.is(200);
    assert!(reply.header("content-type").starts_with("text/csv"), "{reply}");
    assert!(reply.body.contains("OpenAI") && !reply.body.contains("Signed in") && !reply.body.contains(GOOD_KEY));

    window.fill("Search", "nobody at all").await;
    window.press("Apply").await;
    window.sees("No entries match").await;
    window.is_in_order("audit-nothing").await;
    window.follow("Clear the filter").await;
    window.sees("Signed in").await;
}

//! Every page that links lead to, as every role: it is there, and it is well made.

use chrono::TimeDelta;
use claviger::domain::role::Role;
use claviger::providers::ALL;

use crate::support::app::TestApp;
use crate::support::browse::Reply;
use crate::support::crawl::{Found, every_page};
use crate::support::keys::{add, connect, provider, ready_fake, right_answers, wrong_answers};

#[actix_web::test]
async fn every_link_leads_to_a_well_made_page() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        connect(&app, &mut mara, provider, &fake).await;
    }
    let n_pages = [(Role::Owner, 30), (Role::Administrator, 30), (Role::Annotator, 3)];
    for role in Role::ALL {
        let mut visitor = app.member(role).await;
        let pages = every_page(&mut visitor).await;
        for Found { address, from, reply } in &pages {
            assert!(matches!(reply.status, 200 | 303), "{role}: {address}, linked from {from}: {}", reply.status);
            if reply.header("content-type").starts_with("text/html") && reply.status == 200 {
                examine(reply, &format!("{role}: {address}"));
            }
        }
        let expected = n_pages.iter().find(|(known, _)| *known == role).map_or(3, |(_, n)| *n);
        assert!(pages.len() >= expected, "{role} reached {} pages", pages.len());
    }
}

#[actix_web::test]
async fn forms_with_errors_are_well_made_too() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        app.advance(TimeDelta::minutes(1));
        examine(&add(&mut mara, provider, &[]).await, provider.slug);
        examine(&add(&mut mara, provider, &wrong_answers(provider, &fake)).await, provider.slug);
        fake.answer_with("", 503, serde_json::json!({ "error": { "message": "down" } }));
        examine(&add(&mut mara, provider, &right_answers(provider, &fake)).await, provider.slug);
        fake.recover();
    }
    let id = connect(&app, &mut mara, provider("openai"), &fake).await;
    examine(&mara.post(&format!("/providers/{id}/remove"), &[]).await, "remove");
    examine(&mara.get("/nowhere").await, "404");
}

/// One heading, a title, a language, labels on all fields, links that lead somewhere, no style in the markup.
#[track_caller]
fn examine(reply: &Reply, page: &str) {
    assert_eq!(reply.texts("h1").len(), 1, "{page}: headings");
    assert!(!reply.text("title").is_empty() && reply.has("html[lang]") && reply.has("main"), "{page}");
    assert!(!reply.has("[style]") && !reply.has("style") && !reply.has("script:not([src])"), "{page}: style or script");
    assert!(!reply.has("[onclick], [onsubmit], [onload]"), "{page}: handlers in the markup");
    for id in reply.attrs("input:not([type=hidden]), select, textarea", "id") {
        let is_labelled = reply.has(&format!("label[for='{id}']")) || reply.has(&format!("label [id='{id}']"));
        assert!(is_labelled || reply.has(&format!("[id='{id}'][aria-label]")), "{page}: {id} has no label");
    }
    let anonymous = "input:not([type=hidden]):not([id]), select:not([id]), textarea:not([id])";
    let n_anonymous = reply.texts(anonymous).len();
    let inside_label = anonymous.split(", ").map(|kind| format!("label {kind}, {kind}[aria-label]"));
    let n_inside = reply.texts(&inside_label.collect::<Vec<_>>().join(", ")).len();
    assert_eq!(n_anonymous, n_inside, "{page}: a field without a label");
    let ids = reply.attrs("[id]", "id");
    let unique: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{page}: an id twice in {ids:?}");
    for target in reply.attrs("a[href^='#']", "href") {
        assert!(ids.iter().any(|id| *id == target[1..]), "{page}: {target} leads nowhere");
    }
    for name in ["aria-describedby", "aria-labelledby"] {
        for targets in reply.attrs(&format!("[{name}]"), name) {
            for target in targets.split_whitespace() {
                assert!(ids.iter().any(|id| id == target), "{page}: {name} {target} names nothing");
            }
        }
    }
}

//! Saving without a check, and secrets that wait for a form to be mended.

use chrono::TimeDelta;
use claviger::jobs;
use claviger::providers::ALL;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::browse::{Reply, Visitor};
use crate::support::fake_provider::{self, FakeProvider};
use crate::support::keys::{
    GOOD_KEY, KEY_FILE, MODEL, OTHER_KEY, add, connect, endpoint, provider, ready_fake, right_answers, rows,
};

#[actix_web::test]
async fn saving_without_a_check_is_offered_when_it_may_work_later_and_done_when_it_does() {
    let fake = ready_fake().await;
    let app = TestApp::with(|config| {
        let settings = fake.outbound_settings();
        config.egress_allow = settings.allow;
        config.vendor_bases = settings.bases;
        config.check_every = Some(std::time::Duration::from_secs(3600));
    })
    .await;
    let mut mara = app.owner().await;
    for provider in ALL {
        fall_ill(&fake);
        let reply = add(&mut mara, provider, &right_answers(provider, &fake)).await;
        reply.is(422).says("Received").says("Save without checking").lacks(GOOD_KEY).lacks("BEGIN PRIVATE KEY");
        assert!(!reply.has("[name=api_key]") && !reply.has(&format!("[name={KEY_FILE}]")), "{}", provider.slug);
        mara.submit(&reply.form().with("act", "unchecked")).await.is(303);
        mara.get("/providers").await.says("is saved, but not checked.");
        let row = rows(&app).await.pop().expect("it is stored");
        assert_eq!(row.stored_health(), "not_checked", "{}", provider.slug);
        let sealed = format!("SELECT COUNT(*) FROM connection_secrets WHERE connection_id = {}", row.id);
        assert_eq!(app.number(&sealed).await, 1, "{}", provider.slug);
        assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0);

        fake.recover();
        jobs::tick(&app.app, "the tests").await;
        let row = rows(&app).await.pop().expect("it is stored");
        assert_eq!(row.stored_health(), "working", "{}: {}", provider.slug, row.health_detail);
        let id = row.id;
        let found =
            format!("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.health_changed' AND target_id = {id}");
        assert_eq!(app.number(&found).await, 1, "{}", provider.slug);
    }
}

#[actix_web::test]
async fn saving_without_a_check_is_not_offered_for_what_will_never_work() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let custom = provider("custom");
    for (name, wrong) in [("deployment_name", "no-such-model"), ("api_key", OTHER_KEY)] {
        let mut answers = right_answers(custom, &fake);
        for answer in answers.iter_mut().filter(|answer| answer.0 == name) {
            wrong.clone_into(&mut answer.1);
        }
        let reply = add(&mut mara, custom, &answers).await;
        assert!(!reply.is(422).has("[name=ticket]"), "{name}");
        reply.lacks("Save without checking");
    }
}

#[actix_web::test]
async fn a_ticket_saves_nothing_but_what_it_was_given_for() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let custom = provider("custom");
    fall_ill(&fake);
    let reply = add(&mut mara, custom, &right_answers(custom, &fake)).await;
    let unchecked = reply.is(422).form().with("act", "unchecked");
    let ticket = unchecked.value("ticket").expect("a ticket").to_owned();

    for forged in ["", "x", &ticket[1..], &ticket.replace(&ticket[..1], "g")] {
        mara.submit(&unchecked.clone().with("ticket", forged)).await.is(422);
    }
    mara.submit(&unchecked.clone().with("deployment_name", "another-model")).await.is(422);
    mara.submit(&unchecked.clone().with("api_key", OTHER_KEY)).await.is(422);
    mara.submit(&unchecked.clone().with("endpoint", "http://127.0.0.1:9/v1").with("api_key", GOOD_KEY)).await.is(422);
    let foreign = mara.get("/providers/new/azure-openai").await.form().with_all(&right_answers(custom, &fake));
    mara.submit(&foreign.with("ticket", &ticket).with("act", "unchecked")).await.is(422);
    let of_tomas = tomas.get("/providers/new/custom").await.form();
    let borrowed = unchecked.clone().with("csrf", of_tomas.value("csrf").expect("a token")).with("api_key", GOOD_KEY);
    tomas.submit(&borrowed).await.is(422);
    assert!(rows(&app).await.is_empty());

    mara.submit(&unchecked.with("api_key", GOOD_KEY)).await.is(303);
    assert_eq!(rows(&app).await.len(), 1);
}

#[actix_web::test]
async fn a_key_is_not_asked_for_twice_while_the_rest_is_mended() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for slug in ["azure-openai", "azure-ai-foundry", "custom"] {
        let reply = misspelt(&mut mara, slug, &fake).await;
        reply.is(422).says("Received, ending x4Qa").lacks(GOOD_KEY);
        assert!(!reply.has("[name=api_key]"), "{slug}");
        mara.submit(&reply.form().with("deployment_name", MODEL)).await.is(303);
        assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0, "{slug}");
        let id = rows(&app).await.pop().expect("it is stored").id;
        mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
        mara.get(&format!("/providers/{id}")).await.says(" works.");
    }
}

#[actix_web::test]
async fn a_held_key_opens_for_no_other_person_form_or_server() {
    let fake = ready_fake().await;
    let other = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let reply = misspelt(&mut mara, "azure-openai", &fake).await;
    let mended = reply.form().with("deployment_name", MODEL);

    let token = tomas.token().await;
    let stolen = tomas.submit(&mended.clone().with("csrf", &token)).await;
    assert!(stolen.is(422).text("#api_key-error").contains("Enter the key again"));
    let mut second_window = app.owner().await;
    let token = second_window.token().await;
    let reply = second_window.submit(&mended.clone().with("csrf", &token)).await;
    assert!(reply.is(422).has("#api_key-error"));

    let fresh = mara.get("/providers/new/azure-openai").await.form();
    let id = fresh.value("form_id").expect("an id").to_owned();
    assert!(mara.submit(&mended.clone().with("form_id", &id)).await.is(422).has("#api_key-error"));

    let elsewhere = mended.clone().with("endpoint", &endpoint(provider("azure-openai"), &other));
    assert!(mara.submit(&elsewhere).await.is(422).has("#api_key-error"));
    assert!(other.requests().is_empty());
    assert!(rows(&app).await.is_empty());
    mara.submit(&mended).await.is(303);
}

#[actix_web::test]
async fn a_held_key_is_forgotten_after_ten_minutes() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mended = misspelt(&mut mara, "custom", &fake).await.form().with("deployment_name", MODEL);
    app.advance(TimeDelta::seconds(9 * 60 + 50));
    jobs::tick(&app.app, "the tests").await;
    assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 1);
    app.advance(TimeDelta::seconds(11));
    let reply = mara.submit(&mended).await;
    // A custom server may need no key, so it is called without one.
    assert!(reply.is(422).has("[name=api_key]"));
    jobs::tick(&app.app, "the tests").await;
    assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0);
}

#[actix_web::test]
async fn another_key_can_be_used_instead_of_the_held_one() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let reply = misspelt(&mut mara, "azure-openai", &fake).await;
    let reply = mara.submit(&reply.form().with("forget", "api_key")).await;
    reply.is(200);
    assert!(reply.has("[name=api_key]") && !reply.has(".errors"));
    assert_eq!(reply.value("deployment_name"), "misspelt");
    assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0);
    let mended = reply.form().with("deployment_name", MODEL);
    assert!(mara.submit(&mended).await.is(422).has("#api_key-error"));
    mara.submit(&mended.with("api_key", GOOD_KEY)).await.is(303);
}

#[actix_web::test]
async fn a_held_token_is_forgotten_without_the_key_beside_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut answers = right_answers(provider("custom"), &fake);
    answers.push(("auth_token", OTHER_KEY.to_owned()));
    answers[0].1 = "misspelt".to_owned();
    let reply = add(&mut mara, provider("custom"), &answers).await;
    assert!(!reply.has("[name=api_key]") && !reply.has("[name=auth_token]"));
    let reply = mara.submit(&reply.form().with("forget", "auth_token")).await;
    assert!(!reply.has("[name=api_key]") && reply.has("[name=auth_token]"));
}

#[actix_web::test]
async fn a_suggestion_is_taken_over_without_script() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let custom = provider("custom");
    let mut answers = right_answers(custom, &fake);
    let right = answers[1].1.clone();
    answers[1].1 = format!("{right}/v1");
    let reply = add(&mut mara, custom, &answers).await;
    assert!(reply.is(422).text("#endpoint-error").contains("/v1 twice"));
    let suggested = reply.attr("button[name=use_endpoint]", "value");
    let reply = mara.submit(&reply.form().with("use_endpoint", &suggested)).await;
    assert_eq!(reply.is(200).value("endpoint"), suggested);
    assert!(rows(&app).await.is_empty() && !reply.has("[name=api_key]"));
    mara.submit(&reply.form()).await.is(303);
}

#[actix_web::test]
async fn a_new_key_and_an_edit_are_held_and_may_go_unchecked_too() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let id = connect(&app, &mut mara, provider("azure-openai"), &fake).await;
    fall_ill(&fake);
    let form = mara.get(&format!("/providers/{id}/replace-key")).await.form().with("api_key", OTHER_KEY);
    let reply = mara.submit(&form).await;
    reply.is(422).says("Received, ending Zt0c").says("still uses the key ending x4Qa").lacks(OTHER_KEY);
    mara.submit(&reply.form().with("act", "unchecked")).await.leads_to(&format!("/providers/{id}"));
    let page = mara.get(&format!("/providers/{id}")).await;
    page.says("Replaced, without a check, the key of this connection: ending x4Qa to ending Zt0c").says("Not checked");

    fake.good_key(OTHER_KEY);
    let form = mara.get(&format!("/providers/{id}/edit")).await.form().with("deployment_name", "renamed");
    let reply = mara.submit(&form).await;
    mara.submit(&reply.is(422).form().with("act", "unchecked")).await.leads_to(&format!("/providers/{id}"));
    let page = mara.get(&format!("/providers/{id}")).await;
    assert_eq!(page.texts("table.models th code"), ["renamed"]);
    fake.recover();
    fake.offer(&["renamed"]);
    mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    mara.get(&format!("/providers/{id}")).await.says(" works.");
}

/// From now on the provider is down.
fn fall_ill(fake: &FakeProvider) {
    fake.reply_with("", fake_provider::answer(503, &[], json!({ "error": { "message": "We are down." } })));
}

/// Adds a connection whose model is misspelt; everything else is right.
async fn misspelt(visitor: &mut Visitor, slug: &str, fake: &FakeProvider) -> Reply {
    let provider = provider(slug);
    let mut answers = right_answers(provider, fake);
    "misspelt".clone_into(&mut answers[0].1);
    add(visitor, provider, &answers).await
}

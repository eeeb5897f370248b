//! Adding a key, for each of the seven.

use claviger::providers::ALL;
use claviger::providers::form::FieldKind;

use crate::support::app::TestApp;
use crate::support::keys::{
    GOOD_KEY, MODEL, OTHER_KEY, add, connect, provider, ready_fake, right_answers, rows, secret_field, wrong_answers,
};

#[actix_web::test]
async fn each_form_has_exactly_its_fields_and_nothing_is_filled_in() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let page = mara.get(&format!("/providers/new/{}", provider.slug)).await;
        page.is(200).says(provider.form_title);
        let mut expected = vec!["csrf", "form_id"];
        for field in provider.fields {
            match field.kind {
                FieldKind::CredentialsFile => {
                    assert!(page.has("input[type=file][name=google_application_credentials_file]"));
                    expected.extend(["way", "google_application_credentials_text"]);
                }
                _ => expected.push(field.name),
            }
        }
        let form = page.form();
        assert_eq!(form.names(), expected, "{}", provider.slug);
        for name in expected.iter().filter(|name| !["csrf", "form_id", "way"].contains(name)) {
            assert_eq!(form.value(name), Some(""), "{} {name}", provider.slug);
        }
        for field in provider.fields.iter().filter(|field| field.kind != FieldKind::CredentialsFile) {
            assert_eq!(
                page.has(&format!("#{}[required]", field.name)),
                field.required,
                "{} {}",
                provider.slug,
                field.name
            );
        }
    }
}

#[actix_web::test]
async fn a_good_key_is_proven_sealed_listed_and_written_down() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let reply = add(&mut mara, provider, &right_answers(provider, &fake)).await;
        let row = rows(&app).await.pop().expect("a connection is stored");
        reply.leads_to("/providers");
        let list = mara.get("/providers").await;
        let name = if provider.is_single() { provider.name } else { MODEL };
        list.is(200).says(&format!("{name} is connected."));
        let line = list.text(&format!("#connection-{}", row.id));
        assert!(line.contains(name) && line.contains("Working"), "{line}");
        assert!(line.contains("Added by Mara Lindqvist"), "{line}");
        mara.get("/providers").await.lacks("is connected.");

        let id = row.id;
        let of_it = |table: &str| format!("SELECT COUNT(*) FROM {table} WHERE connection_id = {id}");
        assert_eq!(app.number(&of_it("connection_secrets")).await, 1, "{}", provider.slug);
        assert_eq!(app.number(&of_it("checks")).await, 1, "{}", provider.slug);
        assert!(app.number(&of_it("connection_models")).await > 0, "{}", provider.slug);
        let added = format!("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.added' AND target_id = {id}");
        assert_eq!(app.number(&added).await, 1, "{}", provider.slug);
        assert_eq!(app.number("SELECT COUNT(*) FROM held_secrets").await, 0);

        let page = mara.get(&format!("/providers/{id}")).await;
        page.is(200).says("What we tried").lacks(GOOD_KEY).lacks("BEGIN PRIVATE KEY");
        let models = mara.get_json("/base-models").await.is(200).json();
        let groups = models["groups"].as_array().expect("groups");
        let group = groups.iter().find(|group| group["connection_id"] == id);
        let group = group.unwrap_or_else(|| panic!("no group of {} in {models:#}", provider.slug));
        assert_eq!(group["models"][0]["usable"], true, "{}", provider.slug);
    }
}

#[actix_web::test]
async fn a_wrong_key_is_told_at_its_field_and_stored_nowhere() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let answers = wrong_answers(provider, &fake);
        let reply = add(&mut mara, provider, &answers).await;
        reply.is(422).lacks(OTHER_KEY).lacks("BEGIN PRIVATE KEY");
        assert!(reply.text("title").starts_with("Error: "), "{}", provider.slug);
        let field = secret_field(provider);
        let error = reply.text(&format!("#{field}-error"));
        let summary = reply.text(".errors li");
        assert!(error.strip_prefix("Error: ").is_some_and(|error| error.starts_with(&summary)), "{error} / {summary}");
        let target = reply.attr(".errors li a", "href");
        assert!(reply.has(&target), "{} links to {target}", provider.slug);
        assert!(!reply.body.contains("Received"), "{}", provider.slug);
        let form = reply.form();
        for (name, typed) in &answers {
            let is_secret = ["api_key", "google_application_credentials_text"].contains(name);
            let expected = if is_secret { "" } else { typed };
            assert_eq!(form.value(name), Some(expected), "{} {name}", provider.slug);
        }
        assert!(!reply.body.contains("Save without checking"), "{}", provider.slug);
    }
    assert!(rows(&app).await.is_empty());
    for table in ["connection_secrets", "held_secrets", "checks"] {
        assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let refused = app.number("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.refused'").await;
    assert_eq!(refused, 7);
}

#[actix_web::test]
async fn an_empty_form_says_what_to_enter_and_calls_nobody() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let reply = add(&mut mara, provider, &[]).await;
        reply.is(422);
        for field in provider.fields.iter().filter(|field| field.required) {
            assert!(reply.text(&format!("#{}-error", field.name)).ends_with(field.when_empty), "{}", provider.slug);
        }
    }
    assert!(fake.requests().is_empty());
}

#[actix_web::test]
async fn a_provider_that_there_is_once_is_not_added_twice() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let openai = provider("openai");
    let open_form = mara.get("/providers/new/openai").await.form();
    let id = connect(&app, &mut mara, openai, &fake).await;
    mara.get("/providers/new/openai").await.leads_to(&format!("/providers/{id}"));
    let chooser = mara.get("/providers/new").await;
    assert!(chooser.has(&format!("a[href='/providers/{id}']")) && !chooser.has("a[href='/providers/new/openai']"));
    assert!(chooser.has("a[href='/providers/new/gemini']"));

    fake.recover();
    let reply = mara.submit(&open_form.with("api_key", GOOD_KEY)).await;
    reply.is(422).says("OpenAI is already connected.").lacks(GOOD_KEY);
    assert!(reply.has(&format!("a[href='/providers/{id}/replace-key']")), "{reply}");
    for target in reply.attrs(".errors a", "href") {
        assert!(target.starts_with('/') || reply.has(&target), "{target} leads nowhere");
    }
    assert!(fake.requests().is_empty());
    assert_eq!(rows(&app).await.len(), 1);
}

#[actix_web::test]
async fn a_form_that_is_posted_twice_adds_one_connection() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for slug in ["openai", "custom"] {
        let provider = provider(slug);
        let blank = mara.get(&format!("/providers/new/{slug}")).await.form();
        let form = blank.with_all(&right_answers(provider, &fake));
        let n_before = rows(&app).await.len();
        let (mut one, mut two) = (mara.clone(), mara.clone());
        let (first, second) = tokio::join!(one.submit(&form), two.submit(&form));
        let third = mara.submit(&form).await;
        let rows = rows(&app).await;
        assert_eq!(rows.len(), n_before + 1, "{slug}");
        for reply in [first, second, third] {
            reply.leads_to("/providers");
        }
        mara.get("/providers").await.says("is connected.").lacks("not checked");
    }
}

#[actix_web::test]
async fn a_form_that_is_gone_back_to_and_changed_adds_what_it_says_now() {
    let fake = ready_fake().await;
    fake.offer(&[MODEL, "fake-small"]);
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let custom = provider("custom");
    let form = mara.get("/providers/new/custom").await.form().with_all(&right_answers(custom, &fake));
    mara.submit(&form).await.is(303);
    mara.submit(&form.with("deployment_name", "fake-small")).await.is(303);
    let names: Vec<_> = rows(&app).await.into_iter().filter_map(|row| row.deployment_name).collect();
    assert_eq!(names, [MODEL, "fake-small"]);
}

#[actix_web::test]
async fn forms_without_an_id_are_not_taken_for_one_another() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let overlong = "x".repeat(100_000);
    for form_id in ["", "1", &overlong] {
        app.sql("DELETE FROM connections").await;
        for slug in ["openai", "anthropic"] {
            let path = format!("/providers/new/{slug}");
            mara.post(&path, &[("form_id", form_id), ("api_key", GOOD_KEY)]).await.is(303);
        }
        assert_eq!(rows(&app).await.len(), 2);
    }
    let reply = mara.post("/providers/new/gemini", &[("form_id", &overlong), ("api_key", "two words")]).await;
    assert!(reply.is(422).form().value("form_id").is_some_and(|id| id.len() < 100));
}

#[actix_web::test]
async fn the_same_deployment_is_not_added_twice_but_another_is() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for slug in ["azure-openai", "azure-ai-foundry", "custom"] {
        let provider = provider(slug);
        let id = connect(&app, &mut mara, provider, &fake).await;
        let mut answers = right_answers(provider, &fake);
        let reply = add(&mut mara, provider, &answers).await;
        assert!(reply.is(422).text("#deployment_name-error").contains("already connected to this endpoint"));
        assert!(reply.has(&format!("#deployment_name-error a[href='/providers/{id}']")));
        answers[0].1 = "gemini-3.5-flash-lite".to_owned();
        add(&mut mara, provider, &answers).await.is(303);
    }
    assert_eq!(rows(&app).await.len(), 6);
}

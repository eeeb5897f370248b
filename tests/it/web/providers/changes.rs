//! Verifying, replacing, editing, pausing, switching and removing what is connected.

use claviger::providers::ALL;

use crate::support::app::TestApp;
use crate::support::keys::{
    GOOD_KEY, MODEL, OTHER_KEY, add, answers_with, connect, endpoint, provider, ready_fake, right_answers, rows,
    wrong_answers,
};

#[actix_web::test]
async fn verifying_says_what_it_found_and_keeps_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let id = connect(&app, &mut mara, provider, &fake).await;
        let page = format!("/providers/{id}");
        mara.post(&format!("{page}/verify"), &[]).await.leads_to(&page);
        mara.get(&page).await.is(200).says(" works.");
        fake.answer_with("", 503, serde_json::json!({ "error": { "message": "down" } }));
        mara.post(&format!("{page}/verify"), &[]).await.leads_to(&page);
        let reply = mara.get(&page).await;
        assert!(!reply.text("h1 + .status").contains("Working"), "{}", provider.slug);
        let checks = format!("SELECT COUNT(*) FROM checks WHERE connection_id = {id}");
        assert_eq!(app.number(&checks).await, 3, "{}", provider.slug);
        let verified = format!("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.verified' AND target_id = {id}");
        assert_eq!(app.number(&verified).await, 2, "{}", provider.slug);
        fake.recover();
    }
}

#[actix_web::test]
async fn a_new_key_takes_the_old_ones_place_once_it_has_passed() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL.into_iter().filter(|provider| provider.field("api_key").is_some()) {
        fake.good_key(GOOD_KEY);
        let id = connect(&app, &mut mara, provider, &fake).await;
        let path = format!("/providers/{id}/replace-key");
        let page = mara.get(&path).await;
        page.is(200).says("The old key, ending x4Qa");
        assert!(!page.has("[name=endpoint]") && !page.has("[name=deployment_name]"));

        let reply = mara.submit(&page.form().with("api_key", OTHER_KEY)).await;
        reply.is(422).lacks(OTHER_KEY).says("still uses the key ending x4Qa");
        mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
        mara.get(&format!("/providers/{id}")).await.says(" works.");

        fake.good_key(OTHER_KEY);
        let form = mara.get(&path).await.form();
        mara.submit(&form.with("api_key", OTHER_KEY)).await.leads_to(&format!("/providers/{id}"));
        let page = mara.get(&format!("/providers/{id}")).await;
        page.says("now uses the key ending Zt0c.").says("The old key, ending x4Qa, has been deleted from this app.");
        page.says("Replaced the key of this connection: ending x4Qa to ending Zt0c");
        mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
        mara.get(&format!("/providers/{id}")).await.says(" works.");
        let secrets = format!("SELECT COUNT(*) FROM connection_secrets WHERE connection_id = {id}");
        assert_eq!(app.number(&secrets).await, 1, "{}", provider.slug);
    }
}

#[actix_web::test]
async fn a_key_file_is_replaced_by_another_one() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let vertex = provider("vertex-ai");
    let id = connect(&app, &mut mara, vertex, &fake).await;
    let path = format!("/providers/{id}/replace-key");
    let form = mara.get(&path).await.form();
    let reply = mara.submit(&form.clone().with_all(&wrong_answers(vertex, &fake))).await;
    reply.is(422).lacks("BEGIN PRIVATE KEY");
    mara.submit(&form.with_all(&right_answers(vertex, &fake))).await.leads_to(&format!("/providers/{id}"));
    mara.get(&format!("/providers/{id}")).await.says("Vertex AI now uses the key");
}

#[actix_web::test]
async fn an_edit_within_the_same_server_keeps_the_key_and_shows_none() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for slug in ["azure-openai", "azure-ai-foundry", "custom"] {
        let provider = provider(slug);
        let id = connect(&app, &mut mara, provider, &fake).await;
        let page = mara.get(&format!("/providers/{id}/edit")).await;
        page.is(200).lacks(GOOD_KEY).says("Leave empty to keep the one ending x4Qa");
        let form = page.form();
        assert_eq!(form.value("api_key"), Some(""), "{slug}");
        assert_eq!(form.value("deployment_name"), Some(MODEL), "{slug}");
        let moved = if slug == "custom" { "/v1/" } else { "/openai/v1/chat/completions" };
        let edited = form.with("endpoint", &format!("{}{moved}", fake.base_url()));
        mara.submit(&edited.with("deployment_name", "gemini-3.5-flash-lite"))
            .await
            .leads_to(&format!("/providers/{id}"));
        let page = mara.get(&format!("/providers/{id}")).await;
        page.says("gemini-3.5-flash-lite is saved.").says("Working");
        assert_eq!(page.texts("table.models th code"), ["gemini-3.5-flash-lite"], "{slug}");
        mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
        mara.get(&format!("/providers/{id}")).await.says(" works.");
    }
}

#[actix_web::test]
async fn another_server_gets_nothing_until_the_key_is_typed_again() {
    let fake = ready_fake().await;
    let other = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for slug in ["azure-openai", "azure-ai-foundry", "custom"] {
        let provider = provider(slug);
        let id = connect(&app, &mut mara, provider, &fake).await;
        let form = mara.get(&format!("/providers/{id}/edit")).await.form();
        let moved = form.with("endpoint", &endpoint(provider, &other));
        let reply = mara.submit(&moved).await;
        assert!(reply.is(422).text("#api_key-error").contains("we never send a stored secret to another server"));
        assert_eq!(reply.value("endpoint"), endpoint(provider, &other));
        assert_eq!(other.requests().len(), 0, "{slug}");
        let stored = rows(&app).await.into_iter().find(|row| row.id == id).and_then(|row| row.endpoint);
        assert_eq!(stored, Some(endpoint(provider, &fake)));

        let typed = reply.form().with("api_key", GOOD_KEY);
        mara.submit(&typed).await.leads_to(&format!("/providers/{id}"));
        assert!(!other.requests().is_empty(), "{slug}");
        mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
        mara.get(&format!("/providers/{id}")).await.says(" works.");
        other.recover();
    }
}

#[actix_web::test]
async fn a_token_beside_a_key_is_kept_and_demanded_with_it() {
    let fake = ready_fake().await;
    let other = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let custom = provider("custom");
    let mut answers = answers_with(custom, &fake, GOOD_KEY);
    answers.push(("auth_token", OTHER_KEY.to_owned()));
    add(&mut mara, custom, &answers).await.is(303);
    let id = rows(&app).await[0].id;
    mara.get(&format!("/providers/{id}")).await.lacks(OTHER_KEY).says("Auth token");

    const NEW_KEY: &str = "another-key-0123456789-abcd";
    fake.good_key(NEW_KEY);
    let form = mara.get(&format!("/providers/{id}/replace-key")).await.form();
    mara.submit(&form.with("api_key", NEW_KEY)).await.is(303);
    let sent = fake.requests().into_iter().rev().find(|seen| seen.header("x-api-key") == NEW_KEY);
    assert_eq!(sent.expect("the new key was sent").header("authorization"), format!("Bearer {OTHER_KEY}"));

    let form = mara.get(&format!("/providers/{id}/edit")).await.form();
    let reply = mara.submit(&form.with("endpoint", &endpoint(custom, &other)).with("api_key", GOOD_KEY)).await;
    assert!(reply.is(422).text("#auth_token-error").contains("never send a stored secret"));
    assert!(!reply.has("#api_key-error"));
    assert_eq!(other.requests().len(), 0);
}

#[actix_web::test]
async fn a_form_that_is_older_than_somebodys_change_names_who_made_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut tomas = app.administrator().await;
    let custom = provider("custom");
    let id = connect(&app, &mut mara, custom, &fake).await;
    for way in ["edit", "replace-key"] {
        let old = mara.get(&format!("/providers/{id}/{way}")).await.form();
        tomas.post(&format!("/providers/{id}/pause"), &[]).await.is(303);
        tomas.post(&format!("/providers/{id}/resume"), &[]).await.is(303);
        fake.recover();
        let reply = mara.submit(&old.with("api_key", GOOD_KEY)).await;
        reply.is(422).says("Tomás Rey changed this connection meanwhile. Your changes aren’t saved.").lacks(GOOD_KEY);
        assert!(reply.has(&format!(".errors a[href='/providers/{id}']")));
        assert!(fake.requests().is_empty(), "{way}");
        // Sending the same again must not get past it either.
        mara.submit(&reply.form()).await.is(422).says("Tomás Rey changed this connection meanwhile.");
    }
}

#[actix_web::test]
async fn pausing_hides_the_models_and_resuming_brings_them_back() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let id = connect(&app, &mut mara, provider, &fake).await;
        let page = format!("/providers/{id}");
        mara.post(&format!("{page}/pause"), &[]).await.leads_to(&page);
        mara.post(&format!("{page}/pause"), &[]).await.leads_to(&page);
        assert!(mara.get("/providers").await.text(&format!("#connection-{id}")).contains("Paused"));
        assert_eq!(usable(&mut mara, id).await, Some(false), "{}", provider.slug);
        mara.post(&format!("{page}/verify"), &[]).await.leads_to(&page);
        mara.get(&page).await.says("stays paused.");
        mara.post(&format!("{page}/resume"), &[]).await.leads_to(&page);
        assert_eq!(usable(&mut mara, id).await, Some(true), "{}", provider.slug);
        let pauses = format!("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.paused' AND target_id = {id}");
        assert_eq!(app.number(&pauses).await, 1, "{}", provider.slug);
    }
}

#[actix_web::test]
async fn models_are_switched_and_stay_so_after_a_check() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let gemini = provider("gemini");
    let id = connect(&app, &mut mara, gemini, &fake).await;
    let page = format!("/providers/{id}");
    let listed = mara.get(&page).await.attrs("[name=model]", "value");
    assert!(listed.len() > 1, "{listed:?}");
    let path = format!("{page}/models");
    mara.post(&path, &[("model", &listed[0]), ("model", "no-such-model")]).await.leads_to(&format!("{page}#models"));
    let shown = mara.get(&page).await;
    assert_eq!(shown.attrs("[name=model][checked]", "value"), [listed[0].clone()]);
    mara.post(&format!("{page}/verify"), &[]).await.is(303);
    assert_eq!(mara.get(&page).await.attrs("[name=model][checked]", "value"), [listed[0].clone()]);
    mara.post(&path, &[]).await.is(303);
    assert_eq!(usable(&mut mara, id).await, None);
}

#[actix_web::test]
async fn removing_takes_the_typed_name_and_leaves_no_byte_of_the_key() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for provider in ALL {
        let id = connect(&app, &mut mara, provider, &fake).await;
        let sealed = sealed_bytes(&app, id).await;
        let path = format!("/providers/{id}/remove");
        let name = if provider.is_single() { provider.name } else { MODEL };
        let page = mara.get(&path).await;
        page.is(200).says(&format!("Remove {name}?"));
        let reply = mara.submit(&page.form_in("form[method=post].stack").with("confirm", "something else")).await;
        assert!(reply.is(422).text("#confirm-error").contains(&format!("Type {name} exactly as shown.")));
        assert_eq!(reply.value("confirm"), "something else");
        let confirmed = page.form_in("form[method=post].stack").with("confirm", &format!(" {name} "));
        mara.submit(&confirmed).await.leads_to("/providers");
        mara.get("/providers").await.says(&format!("{name} was removed."));
        mara.get(&format!("/providers/{id}")).await.is(404);
        mara.submit(&confirmed).await.is(404);
        assert_eq!(usable(&mut mara, id).await, None);
        for table in ["connection_secrets", "connection_models", "checks"] {
            assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table} WHERE connection_id = {id}")).await, 0);
        }
        if !app.is_postgres() {
            app.checkpoint().await;
            assert!(!app.database_holds(&sealed), "{} left its key in the file", provider.slug);
        }
    }
    assert!(rows(&app).await.is_empty());
}

#[actix_web::test]
async fn a_provider_of_a_newer_version_is_shown_and_can_be_removed() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let openai = connect(&app, &mut mara, provider("openai"), &fake).await;
    let now = "CURRENT_TIMESTAMP";
    app.sql(&format!(
        "INSERT INTO connections (organization_id, provider, scope, destination, health, health_since, created_at, \
         updated_at) SELECT organization_id, 'mistral', 'Organization', 'provider:mistral', 'shiny', {now}, {now}, \
         {now} FROM connections WHERE id = {openai}"
    ))
    .await;
    let id = rows(&app).await.pop().expect("the row").id;
    assert!(mara.get("/providers").await.is(200).text(&format!("#connection-{id}")).contains("mistral"));
    mara.get(&format!("/providers/{id}")).await.is(200).says("doesn’t know the provider mistral");
    mara.get("/providers/new").await.is(200);
    mara.get("/audit").await.is(200);
    mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    mara.get(&format!("/providers/{id}/edit")).await.is(404);
    mara.get(&format!("/providers/{id}/replace-key")).await.is(404);
    mara.post(&format!("/providers/{id}/pause"), &[]).await.is(303);
    mara.post(&format!("/providers/{id}/resume"), &[]).await.is(303);
    assert_eq!(usable(&mut mara, openai).await, Some(true));
    mara.get(&format!("/providers/{id}/remove")).await.is(200);
    mara.post(&format!("/providers/{id}/remove"), &[("confirm", "mistral")]).await.leads_to("/providers");
    assert_eq!(rows(&app).await.len(), 1);
}

/// Whether the first model of a connection can be chosen; `None` if the dropdown has none of it.
async fn usable(visitor: &mut crate::support::browse::Visitor, id: i64) -> Option<bool> {
    let models = visitor.get_json("/base-models").await.is(200).json();
    let groups = models["groups"].as_array().expect("groups");
    groups.iter().find(|group| group["connection_id"] == id)?["models"][0]["usable"].as_bool()
}

async fn sealed_bytes(app: &TestApp, id: i64) -> Vec<u8> {
    let scope = app.organization(crate::support::app::ORGANIZATION).await;
    let sealed = app.store(move |conn| claviger::store::connections::sealed_secrets(conn, scope, id)).await;
    // Past the header that all of them share.
    sealed[0].sealed[9..].to_vec()
}

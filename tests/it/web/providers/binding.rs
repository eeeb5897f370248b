//! Secrets stay with the place they were entered for, whoever may write to the database.

use claviger::providers::ALL;
use claviger::store::connections;

use crate::support::app::{ORGANIZATION, TestApp};
use crate::support::browse::Visitor;
use crate::support::keys::{GOOD_KEY, connect, endpoint, provider, ready_fake, rows};

#[actix_web::test]
async fn a_moved_endpoint_does_not_open_the_key_and_nobody_is_called() {
    let fake = ready_fake().await;
    let thief = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let unharmed = connect(&app, &mut mara, provider("openai"), &fake).await;
    let (evil, port) = (thief.base_url(), thief.url("/").port().expect("a port"));
    let moves = [
        format!("endpoint = '{evil}/v1'"),
        format!("endpoint = '{evil}/v1', destination = 'http://127.0.0.1:{port}'"),
        format!("destination = 'http://127.0.0.1:{port}'"),
    ];
    for slug in ["azure-openai", "azure-ai-foundry", "custom"] {
        for moved in &moves {
            let id = connect(&app, &mut mara, provider(slug), &fake).await;
            app.sql(&format!("UPDATE connections SET {moved} WHERE id = {id}")).await;
            fake.recover();
            needs_its_key(&mut mara, id, slug).await;
            assert_eq!(thief.requests().len(), 0, "{slug} {moved}");
            assert_eq!(fake.requests().len(), 0, "{slug} {moved}");

            // The new key would go there too, so the page says where that is.
            let row = rows(&app).await.into_iter().find(|row| row.id == id).expect("the row");
            let page = mara.get(&format!("/providers/{id}/replace-key")).await;
            page.is(200).says(&format!("The new one goes to {}", row.endpoint.unwrap_or_default()));

            let form = mara.get(&format!("/providers/{id}/edit")).await.form();
            let back = form.with("endpoint", &endpoint(provider(slug), &fake));
            let reply = mara.submit(&back).await;
            assert!(reply.is(422).has("#api_key-error"), "{slug} {moved}");
            mara.submit(&back.with("api_key", GOOD_KEY)).await.is(303);
            assert_eq!(health_of(&mut mara, id).await, "Working");
            app.sql(&format!("DELETE FROM connections WHERE id = {id}")).await;
        }
    }
    mara.post(&format!("/providers/{unharmed}/verify"), &[]).await.is(303);
    assert_eq!(health_of(&mut mara, unharmed).await, "Working");
}

#[actix_web::test]
async fn sealed_keys_that_were_swapped_do_not_open() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let one = connect(&app, &mut mara, provider("openai"), &fake).await;
    let two = connect(&app, &mut mara, provider("anthropic"), &fake).await;
    let scope = app.organization(ORGANIZATION).await;
    app.store(move |conn| {
        let [of_one, of_two] = [one, two].map(|id| connections::sealed_secrets(conn, scope, id));
        for (id, mut sealed) in [(two, of_one?), (one, of_two?)] {
            sealed[0].connection_id = id;
            connections::put_secret(conn, scope, &sealed[0])?;
        }
        Ok(())
    })
    .await;
    fake.recover();
    for (id, name) in [(one, "OpenAI"), (two, "Anthropic")] {
        needs_its_key(&mut mara, id, name).await;
    }
    assert!(fake.requests().is_empty());
}

#[actix_web::test]
async fn a_data_key_that_does_not_open_takes_no_page_down() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let mut ids = Vec::new();
    for provider in ALL {
        ids.push((connect(&app, &mut mara, provider, &fake).await, provider));
    }
    let broken = if app.is_postgres() { "'\\x01020304'" } else { "X'01020304'" };
    app.sql(&format!("UPDATE data_keys SET wrapped = {broken} WHERE organization_id IS NOT NULL")).await;
    // Whatever changes next tells the dropdown.
    app.sql("UPDATE organizations SET models_version = models_version + 1").await;
    fake.recover();
    for (id, provider) in &ids {
        needs_its_key(&mut mara, *id, provider.slug).await;
    }
    assert!(fake.requests().is_empty());
    let models = mara.get_json("/base-models").await.is(200).json();
    for group in models["groups"].as_array().expect("groups") {
        assert_eq!(group["models"][0]["usable"], false, "{group:#}");
    }
    for path in ["/providers", "/providers/new", "/base-models", "/audit", "/account"] {
        mara.get(path).await.is(200);
    }
    let (id, openai) = ids[0];
    let form = mara.get(&format!("/providers/{id}/replace-key")).await.form();
    // Another replica, or the right master key file, may still open the others: only the operator can tell.
    let reply = mara.submit(&form.with("api_key", GOOD_KEY)).await;
    reply.is(422).says("This server’s master key doesn’t fit this organization.").lacks(GOOD_KEY);
    assert!(reply.has("[name=api_key]"), "{}", openai.slug);
}

/// Checks that list and page say so, and that verifying finds the same.
async fn needs_its_key(visitor: &mut Visitor, id: i64, what: &str) {
    assert_eq!(health_of(visitor, id).await, "Needs its key again", "{what}");
    visitor.get(&format!("/providers/{id}")).await.is(200).says("This connection needs its key again.");
    visitor.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    visitor.get(&format!("/providers/{id}")).await.is(200).says("needs its key again.").lacks(" works.");
    assert_eq!(health_of(visitor, id).await, "Needs its key again", "{what}");
}

async fn health_of(visitor: &mut Visitor, id: i64) -> String {
    visitor.get("/providers").await.is(200).text(&format!("#connection-{id} .status"))
}

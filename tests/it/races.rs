//! Many at once, and several servers on one database.

use futures_util::future::join_all;

use crate::support::app::TestApp;
use crate::support::keys::{GOOD_KEY, MODEL, OTHER_KEY, connect, provider, ready_fake, right_answers, rows};

#[actix_web::test]
async fn of_many_simultaneous_adds_of_an_openai_key_exactly_one_is_stored() {
    const N: usize = 64;
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let replica = app.replica().await;
    let mut mara = app.owner().await;
    let blank = mara.get("/providers/new/openai").await.form().with("api_key", GOOD_KEY);
    let tries = (0..N).map(|n| {
        let origin = if n % 2 == 0 { &app.origin } else { &replica.origin };
        let mut visitor = mara.at(origin);
        // Forms of their own: what is under test is the rule of one key, not the form that is sent twice.
        let form = blank.clone().with("form_id", &uuid::Uuid::new_v4().to_string());
        async move { visitor.submit(&form).await }
    });
    let replies = join_all(tries).await;
    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    for reply in replies.iter().filter(|reply| reply.status != 303) {
        // Those beyond the limit of checks are told to wait.
        assert!(matches!(reply.status, 422 | 429), "{reply}");
        let told = reply.texts(".errors li").join(" ");
        assert!(told.contains("OpenAI is already connected.") || told.contains("too many checks"), "{told}");
        reply.lacks(GOOD_KEY);
    }
    assert_eq!(rows(&app).await.len(), 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM connection_secrets").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_log WHERE act = 'connection.added'").await, 1);
    let id = rows(&app).await[0].id;
    app.advance(chrono::TimeDelta::minutes(1));
    mara.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    mara.get(&format!("/providers/{id}")).await.says("OpenAI works.");
}

#[actix_web::test]
async fn a_key_that_is_replaced_while_it_is_removed_is_gone_or_new_but_not_half() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    for _ in 0..8 {
        let id = connect(&app, &mut mara, provider("custom"), &fake).await;
        let replacement = mara.get(&format!("/providers/{id}/replace-key")).await.form().with("api_key", GOOD_KEY);
        let (mut one, mut two) = (mara.clone(), mara.clone());
        let (path, confirmed) = (format!("/providers/{id}/remove"), [("confirm", MODEL)]);
        let (replaced, removed) = tokio::join!(one.submit(&replacement), two.post(&path, &confirmed));
        assert!(matches!(replaced.status, 303 | 404), "{replaced}");
        removed.leads_to("/providers");
        assert!(rows(&app).await.is_empty());
        for table in ["connection_secrets", "connection_models", "checks"] {
            assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
        }
    }
}

#[actix_web::test]
async fn of_two_simultaneous_replacements_one_wins_and_the_other_hears_of_it() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let replica = app.replica().await;
    let mut mara = app.owner().await;
    // A custom server that takes any key.
    let custom = provider("custom");
    let id = connect(&app, &mut mara, custom, &fake).await;
    let form = mara.get(&format!("/providers/{id}/edit")).await.form();
    let mut there = mara.at(&replica.origin);
    let forms = [form.clone().with("endpoint", &format!("{}/v1/", fake.base_url())), form.with("api_key", GOOD_KEY)];
    let (one, two) = tokio::join!(mara.submit(&forms[0]), there.submit(&forms[1]));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422], "{one} {two}");
    let loser = if one.status == 422 { one } else { two };
    loser.says("You changed this connection meanwhile.");
}

#[actix_web::test]
async fn a_change_on_one_server_shows_in_the_next_answer_of_another() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let replica = app.replica().await;
    let mut here = app.owner().await;
    let mut there = here.at(&replica.origin);
    assert_eq!(there.get_json("/base-models").await.is(200).json()["groups"], serde_json::json!([]));
    let id = connect(&app, &mut here, provider("openai"), &fake).await;
    let usable = |reply: &crate::support::browse::Reply| reply.json()["groups"][0]["models"][0]["usable"].clone();
    assert_eq!(usable(&there.get_json("/base-models").await), true);
    here.post(&format!("/providers/{id}/pause"), &[]).await.is(303);
    assert_eq!(usable(&there.get_json("/base-models").await), false);
    there.post(&format!("/providers/{id}/resume"), &[]).await.is(303);
    assert_eq!(usable(&here.get_json("/base-models").await), true);
    fake.good_key(OTHER_KEY);
    there.post(&format!("/providers/{id}/verify"), &[]).await.is(303);
    assert_eq!(usable(&here.get_json("/base-models").await), false);

    here.post(&format!("/providers/{id}/remove"), &[("confirm", "OpenAI")]).await.leads_to("/providers");
    there.post(&format!("/providers/{id}/verify"), &[]).await.is(404);
    there.get(&format!("/providers/{id}")).await.is(404);
    assert_eq!(there.get_json("/base-models").await.json()["groups"], serde_json::json!([]));
}

#[actix_web::test]
async fn a_key_held_on_one_server_is_used_on_another() {
    let fake = ready_fake().await;
    let app = TestApp::facing(&fake).await;
    let replica = app.replica().await;
    let mut here = app.owner().await;
    let mut there = here.at(&replica.origin);
    let mut answers = right_answers(provider("azure-openai"), &fake);
    "misspelt".clone_into(&mut answers[0].1);
    let form = here.get("/providers/new/azure-openai").await.form().with_all(&answers);
    let mended = here.submit(&form).await.is(422).form().with("deployment_name", MODEL);
    there.submit(&mended).await.is(303);
    assert_eq!(rows(&app).await.len(), 1);
}

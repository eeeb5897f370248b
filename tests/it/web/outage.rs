//! A database that cannot be written to, or is gone for a moment.

use claviger::config::DatabaseUrl;
use claviger::store::Conn;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use secrecy::ExposeSecret;

use crate::support::app::TestApp;
use crate::support::fake_provider::FakeProvider;
use crate::support::parts::environment;

const KEY: &str = "sk-good-0123456789abcdef";

#[actix_web::test]
async fn a_locked_database_stores_nothing_half_and_says_that_nothing_was_saved() {
    let fake = FakeProvider::spawn().await;
    let app = TestApp::facing(&fake).await;
    let mut mara = app.owner().await;
    let form = mara.get("/providers/new/openai").await.form().with("api_key", KEY);
    let lock = hold_the_lock(&app);
    let refused = mara.submit(&form).await;
    refused.is(503).says("Your last change wasn’t saved").says("Reference");
    refused.lacks("locked").lacks("timeout").lacks(KEY);
    drop(lock);
    assert_eq!(app.number("SELECT count(*) FROM connections").await, 0);
    assert_eq!(app.number("SELECT count(*) FROM connection_secrets").await, 0);
    mara.submit(&form).await.is(303);
}

#[actix_web::test]
async fn a_database_server_that_ends_its_connections_is_found_again() {
    const NAME: &str = "a-server-that-is-restarted";
    let Some(server) = environment("TEST_DATABASE_URL") else { return };
    let app = TestApp::with(|config| {
        let DatabaseUrl::Postgres(address) = &config.database else { panic!("{server} is no PostgreSQL server") };
        let named = format!("{}&application_name={NAME}", address.expose_secret());
        config.database = DatabaseUrl::parse(&named).expect("an address");
    })
    .await;
    let mut mara = app.owner().await;
    mara.get("/providers").await.is(200);
    let ended = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{NAME}'");
    assert!(sql_query(ended).execute(&mut app.connect()).expect("they are ended") > 0);
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(mara.get("/providers").await.status);
    }
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
}

/// Keeps everybody from writing until it is dropped.
fn hold_the_lock(app: &TestApp) -> Conn {
    let mut conn = app.connect();
    let words = if app.is_postgres() { "BEGIN; LOCK TABLE connections IN SHARE MODE" } else { "BEGIN IMMEDIATE" };
    conn.batch_execute(words).expect("the lock");
    conn
}

//! Write transactions that race.

use claviger::domain::actor::OrgScope;
use claviger::error::{Error, Result};
use claviger::store::{Conn, Db, organizations};
use diesel::prelude::*;
use diesel::sql_query;

use super::{Bench, at_once, number};

const N_WRITERS: usize = 8;
const N_EACH: usize = 20;

/// Each writer is a process of its own here, so that nothing but the database orders them.
async fn race(bench: &Bench, step: fn(&mut Conn, OrgScope) -> Result<()>) {
    let scope = bench.scope;
    let writers = bench.replicas(N_WRITERS).into_iter().map(|db| async move {
        for _ in 0..N_EACH {
            db.write(move |conn| step(conn, scope)).await?;
        }
        Ok(())
    });
    at_once(writers).await;
}

async fn counted(db: &Db, scope: OrgScope) -> i64 {
    db.read(move |conn| organizations::models_version(conn, scope)).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_one_statement_raises_loses_nothing() {
    let bench = Bench::new().await;
    race(&bench, organizations::bump_models_version).await;
    assert_eq!(counted(&bench.db, bench.scope).await, (N_WRITERS * N_EACH) as i64);
}

/// What reads and then writes holds the lock from the start: on SQLite by how a write transaction begins, on
/// PostgreSQL by changing the row first, as the audit chain does.
#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_is_read_and_then_written_loses_nothing() {
    fn read_then_write(conn: &mut Conn, scope: OrgScope) -> Result<()> {
        let id = scope.id();
        if let Conn::Postgres(_) = conn {
            sql_query(format!("UPDATE organizations SET name = name WHERE id = {id}")).execute(conn)?;
        }
        let seen = number(conn, &format!("SELECT models_version AS n FROM organizations WHERE id = {id}"))?;
        // Long enough that somebody else would read the same, were it allowed.
        std::thread::sleep(std::time::Duration::from_micros(200));
        let next = seen + 1;
        sql_query(format!("UPDATE organizations SET models_version = {next} WHERE id = {id}")).execute(conn)?;
        Ok(())
    }
    let bench = Bench::new().await;
    race(&bench, read_then_write).await;
    assert_eq!(counted(&bench.db, bench.scope).await, (N_WRITERS * N_EACH) as i64);
}

#[tokio::test]
async fn what_fails_half_way_leaves_nothing() {
    let bench = Bench::new().await;
    let scope = bench.scope;
    let failed: Result<()> = bench
        .db
        .write(move |conn| {
            organizations::bump_models_version(conn, scope)?;
            Err(Error::BadRequest("half way"))
        })
        .await;
    assert!(matches!(failed, Err(Error::BadRequest("half way"))), "{failed:?}");
    assert_eq!(counted(&bench.db, scope).await, 0);
}

//! The audit chain under races and in the hands of somebody who can write the database.

use claviger::domain::actor::{OrgScope, Who};
use claviger::domain::audit::{Act, AuditEntry};
use claviger::store::Db;
use claviger::store::audit::{self, ChainKey};
use zeroize::Zeroizing;

use super::{Bench, at_once};

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_many_writers_at_once_make_one_chain_without_gaps() {
    const N_WRITERS: usize = 8;
    const N_EACH: usize = 20;
    let bench = Bench::new().await;
    let (scope, now) = (bench.scope, bench.clock.now());
    let writers = bench.replicas(N_WRITERS).into_iter().map(|db| async move {
        for _ in 0..N_EACH {
            db.write(move |conn| audit::append(conn, scope, &key(), now, &entry("raced"))).await?;
        }
        Ok(())
    });
    at_once(writers).await;
    let n_entries = (N_WRITERS * N_EACH) as i64;
    let rows = bench.db.read(move |conn| audit::after(conn, scope, 0, 1000)).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), (1..=n_entries).collect::<Vec<_>>());
    assert_eq!(first_broken(&bench.db, scope).await, None);
}

#[tokio::test]
async fn a_change_that_is_rolled_back_leaves_no_entry_and_no_gap() {
    let bench = Bench::new().await;
    let (scope, now) = (bench.scope, bench.clock.now());
    fill(&bench, 1).await;
    let failed: claviger::error::Result<()> = bench
        .db
        .write(move |conn| {
            audit::append(conn, scope, &key(), now, &entry("never happened"))?;
            Err(claviger::error::Error::BadRequest("the change failed"))
        })
        .await;
    assert!(failed.is_err());
    fill(&bench, 1).await;
    assert_eq!(first_broken(&bench.db, scope).await, None);
    assert_eq!(bench.number("SELECT count(*) FROM audit_log").await, 2);
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_delete_entries() {
    let bench = Bench::new().await;
    fill(&bench, 2).await;
    let mut statements = vec!["UPDATE audit_log SET details = ''", "DELETE FROM audit_log WHERE seq = 1"];
    if bench.database.is_postgres() {
        statements.push("TRUNCATE audit_log");
    }
    for statement in statements {
        let error = bench.sql(statement).await.expect_err(statement);
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(bench.number("SELECT count(*) FROM audit_log").await, 2);
}

#[tokio::test]
async fn tampering_is_found_at_the_first_entry_that_does_not_fit() {
    // Each field that a reader sees, one entry of five each time.
    let changes = [
        "UPDATE audit_log SET details = 'other' WHERE seq = 3",
        "UPDATE audit_log SET who_name = 'Somebody' WHERE seq = 3",
        "UPDATE audit_log SET who_kind = 'system' WHERE seq = 3",
        "UPDATE audit_log SET who_id = 7 WHERE seq = 3",
        "UPDATE audit_log SET act = 'session.signed_in' WHERE seq = 3",
        "UPDATE audit_log SET at = '2001-01-01 00:00:00' WHERE seq = 3",
        "UPDATE audit_log SET ip = '203.0.113.9' WHERE seq = 3",
        "UPDATE audit_log SET target_id = 12 WHERE seq = 3",
        "UPDATE audit_log SET target_kind = 'user' WHERE seq = 3",
        "UPDATE audit_log SET target_name = 'x' WHERE seq = 3",
        "UPDATE audit_log SET mac = (SELECT mac FROM audit_log WHERE seq = 2) WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq = 3",
        "DELETE FROM audit_log WHERE seq >= 3",
    ];
    for change in changes {
        let bench = tampered(&[change]).await;
        assert_eq!(first_broken(&bench.db, bench.scope).await, Some(3), "{change}");
    }
}

#[tokio::test]
async fn a_log_that_was_emptied_or_cut_short_is_found() {
    let bench = tampered(&["DELETE FROM audit_log"]).await;
    assert_eq!(first_broken(&bench.db, bench.scope).await, Some(1));
    let bench = tampered(&["DELETE FROM audit_log WHERE seq = 5"]).await;
    assert_eq!(first_broken(&bench.db, bench.scope).await, Some(5));
}

#[tokio::test]
async fn entries_that_changed_places_are_found() {
    let swap = [
        "UPDATE audit_log SET seq = 99 WHERE seq = 2",
        "UPDATE audit_log SET seq = 2 WHERE seq = 4",
        "UPDATE audit_log SET seq = 4 WHERE seq = 99",
    ];
    let bench = tampered(&swap).await;
    assert_eq!(first_broken(&bench.db, bench.scope).await, Some(2));
}

#[tokio::test]
async fn an_inserted_entry_is_found_without_the_key() {
    let bench = Bench::new().await;
    fill(&bench, 3).await;
    // The forger knows everything but the key, and writes by the program's own code.
    let (scope, now) = (bench.scope, bench.clock.now());
    let forged = ChainKey::new(Zeroizing::new([0; 64]));
    let done = bench.db.write(move |conn| audit::append(conn, scope, &forged, now, &entry("forged"))).await;
    done.expect("an insert");
    assert_eq!(first_broken(&bench.db, bench.scope).await, Some(4));
}

/// A log of five entries after somebody with all rights on the database has been at it.
async fn tampered(statements: &[&str]) -> Bench {
    let bench = Bench::new().await;
    fill(&bench, 5).await;
    assert_eq!(first_broken(&bench.db, bench.scope).await, None);
    let drops: &[&str] = if bench.database.is_postgres() {
        &["DROP TRIGGER audit_log_no_update ON audit_log"]
    } else {
        &["DROP TRIGGER audit_log_no_update", "DROP TRIGGER audit_log_no_delete"]
    };
    for statement in drops.iter().chain(statements) {
        bench.sql(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    bench
}

async fn fill(bench: &Bench, n: usize) {
    let (scope, now) = (bench.scope, bench.clock.now());
    for n in 0..n {
        let words = format!("entry {n}");
        let done = bench.db.write(move |conn| audit::append(conn, scope, &key(), now, &entry(&words))).await;
        done.expect("an entry");
    }
}

async fn first_broken(db: &Db, scope: OrgScope) -> Option<i64> {
    db.read(move |conn| audit::first_broken(conn, scope, &key())).await.expect("an answer")
}

fn entry(details: &str) -> AuditEntry {
    AuditEntry::of(Who::Operator, None, Act::EgressChanged).with(details)
}

fn key() -> ChainKey {
    ChainKey::new(Zeroizing::new([7; 64]))
}

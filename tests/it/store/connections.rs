//! Connections under races and old forms.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use claviger::store::Conn;
use claviger::store::connections::{self, Checked, Inserted};
use diesel::prelude::*;
use diesel::sql_query;

use super::{Bench, at_once, number};

#[tokio::test(flavor = "multi_thread")]
async fn of_64_simultaneous_adds_of_an_openai_key_exactly_one_stays() {
    let bench = Bench::new().await;
    let scope = bench.scope;
    let replicas = bench.replicas(4);
    let adds = (0..64).map(|n: usize| {
        let (db, mut new) = (replicas[n % 4].clone(), bench.new_connection("openai"));
        (new.single, new.form_id) = (Some("openai".into()), Some(format!("form {n}")));
        async move { db.write(move |conn| connections::insert(conn, scope, &new)).await }
    });
    let ends = at_once(adds).await;
    let new: Vec<i64> =
        ends.iter().filter_map(|end| if let Inserted::New(id) = end { Some(*id) } else { None }).collect();
    let [id] = new[..] else { panic!("{} were added", new.len()) };
    assert_eq!(ends.iter().filter(|end| **end == Inserted::AlreadyConnected(id)).count(), 63);
    assert_eq!(bench.number("SELECT count(*) FROM connections").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_posted_many_times_at_once_adds_one_connection() {
    let bench = Bench::new().await;
    let scope = bench.scope;
    for single in [None, Some("anthropic".to_owned())] {
        let form_id = Some(format!("form of {single:?}"));
        let adds = bench.replicas(8).into_iter().map(|db| {
            let mut new = bench.new_connection("any");
            (new.single, new.form_id) = (single.clone(), form_id.clone());
            async move { db.write(move |conn| connections::insert(conn, scope, &new)).await }
        });
        let ends = at_once(adds).await;
        let n_new = ends.iter().filter(|end| matches!(end, Inserted::New(_))).count();
        let n_same = ends.iter().filter(|end| matches!(end, Inserted::SameForm(_))).count();
        assert_eq!((n_new, n_same), (1, 7), "{single:?}: {ends:?}");
    }
}

#[tokio::test]
async fn a_check_of_what_somebody_changed_meanwhile_changes_nothing() {
    let bench = Bench::new().await;
    let (scope, id, now) = (bench.scope, bench.connection().await, bench.clock.now());
    bench.sql("UPDATE connections SET version = 2").await.expect("an update");
    let before = bench.db.read(move |conn| connections::get(conn, scope, id)).await.expect("a row");
    for (version, expected) in [(1, false), (3, false), (2, true)] {
        let checked = Checked {
            health: "working".into(),
            health_detail: format!("seen at version {version}"),
            health_since: now,
            checked_at: Some(now),
            next_check_at: Some(now),
            chat_url: Some("https://elsewhere.example.com".into()),
            underlying_model: Some("gpt".into()),
            json_mode: Some("json_schema".into()),
        };
        let set = bench.db.write(move |conn| connections::set_checked(conn, scope, id, version, &checked)).await;
        assert_eq!(set.expect("an answer"), expected, "version {version}");
        let after = bench.db.read(move |conn| connections::get(conn, scope, id)).await.expect("a row");
        let changed = format!("{before:?}") != format!("{after:?}");
        assert_eq!(changed, expected, "version {version}: {after:?}");
    }
}

#[tokio::test]
async fn only_due_connections_that_nobody_paused_are_taken() {
    let bench = Bench::new().await;
    let now = bench.clock.now();
    let [due, later, paused, never] =
        [bench.connection().await, bench.connection().await, bench.connection().await, bench.connection().await];
    let past = now - TimeDelta::minutes(1);
    let future = now + TimeDelta::minutes(1);
    bench
        .sql(&format!("UPDATE connections SET next_check_at = '{past}' WHERE id IN ({due}, {paused})"))
        .await
        .expect("ok");
    bench.sql(&format!("UPDATE connections SET next_check_at = '{future}' WHERE id = {later}")).await.expect("ok");
    bench.sql(&format!("UPDATE connections SET paused_at = '{past}' WHERE id = {paused}")).await.expect("ok");
    bench.sql(&format!("UPDATE connections SET next_check_at = NULL WHERE id = {never}")).await.expect("ok");
    let next = now + TimeDelta::minutes(30);
    let taken = bench.db.write(move |conn| connections::take_due(conn, now, next, 10)).await.expect("rows");
    assert_eq!(taken, [(bench.scope, due)]);
    let again = bench.db.write(move |conn| connections::take_due(conn, now, next, 10)).await.expect("rows");
    assert_eq!(again, []);
}

#[tokio::test]
async fn the_longest_due_are_taken_first_and_no_more_than_asked_for() {
    let bench = Bench::new().await;
    let now = bench.clock.now();
    let mut ids = Vec::new();
    for minutes in [1, 3, 2] {
        let id = bench.connection().await;
        let due = now - TimeDelta::minutes(minutes);
        bench.sql(&format!("UPDATE connections SET next_check_at = '{due}' WHERE id = {id}")).await.expect("ok");
        ids.push(id);
    }
    let next = now + TimeDelta::minutes(30);
    let taken = bench.db.write(move |conn| connections::take_due(conn, now, next, 2)).await.expect("rows");
    let taken: BTreeSet<i64> = taken.into_iter().map(|(_, id)| id).collect();
    assert_eq!(taken, BTreeSet::from([ids[1], ids[2]]));
}

/// Both callers have looked before either has written: a third party holds one of the rows until then. Without
/// a condition on the write itself, both would be given the same connections.
#[tokio::test(flavor = "multi_thread")]
async fn each_due_connection_is_given_to_one_of_two_who_race() {
    const N_DUE: usize = 8;
    let bench = Bench::new().await;
    let now = bench.clock.now();
    for _ in 0..N_DUE {
        bench.connection().await;
    }
    bench.sql(&format!("UPDATE connections SET next_check_at = '{now}'")).await.expect("an update");
    let next = now + TimeDelta::minutes(30);
    let third = bench.db.clone();
    let holding = tokio::spawn(async move { third.write(hold_a_row_until_two_wait).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let both = bench
        .replicas(2)
        .into_iter()
        .map(|db| async move { db.write(move |conn| connections::take_due(conn, now, next, N_DUE as i64)).await });
    let taken: Vec<i64> = at_once(both).await.into_iter().flatten().map(|(_, id)| id).collect();
    holding.await.expect("no panic").expect("no error");
    let distinct: BTreeSet<i64> = taken.iter().copied().collect();
    assert_eq!((taken.len(), distinct.len()), (N_DUE, N_DUE), "{taken:?}");
}

/// Keeps a row changed but not yet committed until, on PostgreSQL, two others wait for it; on SQLite nobody else
/// can have begun to write, so a moment will do.
fn hold_a_row_until_two_wait(conn: &mut Conn) -> claviger::error::Result<()> {
    sql_query("UPDATE connections SET health_detail = 'held' WHERE id = (SELECT min(id) FROM connections)")
        .execute(conn)?;
    if let Conn::Sqlite(_) = conn {
        std::thread::sleep(Duration::from_millis(300));
        return Ok(());
    }
    // Not pg_stat_activity, which stays as it was when a transaction first read it.
    let waiting = "WITH RECURSIVE waiting (pid) AS (SELECT pg_backend_pid() UNION \
         SELECT locks.pid FROM pg_locks locks, waiting \
         WHERE NOT locks.granted AND waiting.pid = ANY (pg_blocking_pids(locks.pid))) \
         SELECT count(*) - 1 AS n FROM waiting";
    for _ in 0..500 {
        if number(conn, waiting)? == 2 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the two never waited for the row");
}

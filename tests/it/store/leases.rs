//! One replica at a time does a job.

use chrono::TimeDelta;
use claviger::clock::Timestamp;
use claviger::store::{Db, leases};

use super::{Bench, at_once};

const N_ROUNDS: i64 = 20;
const LEASE: TimeDelta = TimeDelta::seconds(60);

#[tokio::test(flavor = "multi_thread")]
async fn two_holders_who_race_are_one_winner_and_one_loser() {
    let bench = Bench::new().await;
    let replicas = bench.replicas(2);
    let start = bench.clock.now();
    for round in 0..N_ROUNDS {
        // In the first round there is no row yet, in all others the lease of the round before has just run out.
        let now = start + LEASE * i32::try_from(round).expect("few rounds");
        let both = replicas.iter().cloned().zip(["a", "b"]).map(|(db, holder)| take(db, holder, now));
        let winners = at_once(both).await.into_iter().filter(|won| *won).count();
        assert_eq!(winners, 1, "round {round}");
    }
}

#[tokio::test]
async fn a_holder_renews_its_own_lease_and_nobody_else_gets_it_before_it_ends() {
    let bench = Bench::new().await;
    let start = bench.clock.now();
    let half = LEASE / 2;
    assert!(take(bench.db.clone(), "a", start).await.expect("an answer"));
    assert!(!take(bench.db.clone(), "b", start + half).await.expect("an answer"));
    assert!(take(bench.db.clone(), "a", start + half).await.expect("an answer"));
    assert!(!take(bench.db.clone(), "b", start + LEASE).await.expect("an answer"));
    assert!(take(bench.db.clone(), "b", start + half + LEASE).await.expect("an answer"));
    assert!(!take(bench.db.clone(), "a", start + half + LEASE).await.expect("an answer"));
}

async fn take(db: Db, holder: &'static str, now: Timestamp) -> claviger::error::Result<bool> {
    db.write(move |conn| leases::take(conn, "a job", holder, now, now + LEASE)).await
}

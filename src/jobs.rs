//! What runs by itself. Every replica runs the loop; jobs that must not run twice take a lease first, and what
//! is due is taken row by row, so that nobody else takes the same.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::time::{MissedTickBehavior, interval};

use crate::actions::connections::check_scheduled;
use crate::actions::sessions::forget_old;
use crate::app::App;
use crate::domain::actor::OrgScope;
use crate::error::Result;
use crate::store::{connections, held_secrets, leases};

/// How often the loop looks for work.
const TICK: Duration = Duration::from_secs(5);
/// How long a replica keeps a job to itself; longer than the job may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Connections that are checked at once.
const AT_ONCE: usize = 4;
/// Connections that are taken in one look.
const BATCH: i64 = 20;

/// Runs until the task is dropped.
pub async fn run(app: Arc<App>) {
    let holder = uuid::Uuid::new_v4().to_string();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tick(&app, &holder).await;
    }
}

/// One look for work. Public so that tests need not wait for the clock on the wall.
pub async fn tick(app: &Arc<App>, holder: &str) {
    if let Err(error) = app.catalog.refresh() {
        tracing::warn!(%error, "the catalogue file was changed and cannot be used; the models stay as they were");
    }
    complain("check connections", check_due(app, holder).await);
    complain("clean up", clean_up(app, holder).await);
}

/// Checks what is due.
async fn check_due(app: &Arc<App>, holder: &str) -> Result<()> {
    let Some(every) = app.config.check_every.and_then(|every| TimeDelta::from_std(every).ok()) else { return Ok(()) };
    if !leased(app, "check connections", holder).await? {
        return Ok(());
    }
    let now = app.clock.now();
    let due = app.db.write(move |conn| connections::take_due(conn, now, now + every, BATCH)).await?;
    for some in due.chunks(AT_ONCE) {
        let checks = some.iter().map(|(scope, id)| check_one(app, *scope, *id));
        futures_util::future::join_all(checks).await;
    }
    Ok(())
}

async fn check_one(app: &App, scope: OrgScope, id: i64) {
    if let Err(error) = check_scheduled(app, scope, id).await {
        tracing::warn!(connection.id = id, error = %error.chain(), "a scheduled check could not be made");
    }
}

/// Forgets what has expired.
async fn clean_up(app: &Arc<App>, holder: &str) -> Result<()> {
    if !leased(app, "clean up", holder).await? {
        return Ok(());
    }
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            held_secrets::delete_expired(conn, now)?;
            forget_old(conn, now)?;
            Ok(())
        })
        .await
}

async fn leased(app: &App, job: &'static str, holder: &str) -> Result<bool> {
    let (now, holder) = (app.clock.now(), holder.to_owned());
    app.db.write(move |conn| leases::take(conn, job, &holder, now, now + LEASE)).await
}

fn complain(job: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(job, error = %error.chain(), "a job failed; it is tried again");
    }
}

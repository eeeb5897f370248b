//! Checking a stored connection, when somebody asks or when it is due.

use std::sync::Arc;

use super::sealing::{next_check_at, open_secrets};
use crate::actions::require;
use crate::app::App;
use crate::catalog::Models;
use crate::clock::Timestamp;
use crate::connection;
use crate::domain::actor::{Actor, OrgScope, Who};
use crate::domain::audit::{Act, AuditEntry};
use crate::domain::check::{CheckReport, OfferedModel};
use crate::domain::connection::{Health, Target};
use crate::domain::role::Permission;
use crate::error::Result;
use crate::providers::{self, Provider};
use crate::store::connections::{Checked, ConnectionRow};
use crate::store::{audit, checks, connections, models, organizations};

/// Checks a connection because a person asked.
///
/// # Errors
/// [`Error::Forbidden`](crate::error::Error::Forbidden), [`Error::NotFound`](crate::error::Error::NotFound),
/// [`Error::TooMany`](crate::error::Error::TooMany); the database’s. What the check found is no error.
pub async fn verify(app: &App, actor: &Actor, id: i64) -> Result<Health> {
    require(actor, Permission::ManageConnections)?;
    let _turn = app.call_limits.take_turn(actor.scope.id()).await?;
    check(app, actor.scope, id, Some(actor)).await
}

/// Checks a connection that was just stored without waiting for its provider, once it is its organization's turn.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound), [`Error::TooMany`](crate::error::Error::TooMany); the
/// database’s.
pub async fn check_unasked(app: &App, scope: OrgScope, id: i64) -> Result<Health> {
    let _turn = app.call_limits.take_turn(scope.id()).await?;
    check(app, scope, id, None).await
}

/// Checks a connection because it is due.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database’s.
pub async fn check_scheduled(app: &App, scope: OrgScope, id: i64) -> Result<Health> {
    check(app, scope, id, None).await
}

async fn check(app: &App, scope: OrgScope, id: i64, asked_by: Option<&Actor>) -> Result<Health> {
    let row = app.db.read(move |conn| connections::get(conn, scope, id)).await?;
    let Some(provider) = providers::by_slug(&row.provider) else { return Ok(row.health()) };
    let secrets = match open_secrets(app, scope, &row, provider).await? {
        Ok(secrets) => secrets,
        Err(error) => {
            tracing::warn!(connection.id = id, %error, "a sealed secret does not open");
            return needs_key(app, scope, row, asked_by, error.to_string()).await;
        }
    };
    let report = provider.check(&app.outbound, &row.target(), &secrets, app.clock.now()).await;
    drop(secrets);
    record(app, scope, row, provider, report, asked_by).await
}

async fn record(
    app: &App,
    scope: OrgScope,
    row: ConnectionRow,
    provider: &'static Provider,
    report: CheckReport,
    asked_by: Option<&Actor>,
) -> Result<Health> {
    let (keys, catalog, now, next_check_at) =
        (Arc::clone(&app.keys), app.catalog.models(), app.clock.now(), next_check_at(app));
    let asked_by = asked_by.cloned();
    app.db
        .write(move |conn| {
            let checked = checked(&row, &report, now, next_check_at);
            let health = Health::from_slug(&checked.health);
            if !connections::set_checked(conn, scope, row.id, row.version, &checked)? {
                return Ok(health);
            }
            checks::insert(conn, scope, row.id, asked_by.as_ref().map(|actor| actor.user_id), now, &report)?;
            if lists_models(&report) {
                models::record_offered(conn, scope, row.id, &report.models, is_wanted(provider, &catalog))?;
            }
            organizations::bump_models_version(conn, scope)?;
            let found = describe(health, &report);
            let entry = match &asked_by {
                Some(actor) => AuditEntry::by(actor, Act::ConnectionVerified).with(found),
                None if health == Health::from_slug(row.stored_health()) => return Ok(health),
                None => AuditEntry::of(Who::System, None, Act::HealthChanged).with(found),
            };
            audit::append(conn, scope, &keys.audit, now, &entry.on(connection::audit_target(&row)))?;
            Ok(health)
        })
        .await
}

/// Marks a connection whose secret does not open, and says so in the log once.
async fn needs_key(
    app: &App,
    scope: OrgScope,
    row: ConnectionRow,
    asked_by: Option<&Actor>,
    reason: String,
) -> Result<Health> {
    let (keys, now, next_check_at) = (Arc::clone(&app.keys), app.clock.now(), next_check_at(app));
    let asked_by = asked_by.cloned();
    app.db
        .write(move |conn| {
            let was = Health::from_slug(row.stored_health());
            let mut marked = unchecked(&row, now, next_check_at);
            marked.health = Health::NeedsKey.slug().to_owned();
            marked.health_detail = "The stored key can’t be opened".to_owned();
            marked.health_since = if was == Health::NeedsKey { row.health_since } else { now };
            connections::set_checked(conn, scope, row.id, row.version, &marked)?;
            organizations::bump_models_version(conn, scope)?;
            let entry = match &asked_by {
                Some(actor) => AuditEntry::by(actor, Act::SecretOpenFailed),
                None if was == Health::NeedsKey => return Ok(Health::NeedsKey),
                None => AuditEntry::of(Who::System, None, Act::SecretOpenFailed),
            };
            let entry = entry.on(connection::audit_target(&row)).with(reason);
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(Health::NeedsKey)
        })
        .await
}

/// What the row keeps of a check.
pub(super) fn checked(
    row: &ConnectionRow,
    report: &CheckReport,
    now: Timestamp,
    next_check_at: Option<Timestamp>,
) -> Checked {
    let health = report.verdict.health();
    let stays = health == Health::from_slug(row.stored_health());
    Checked {
        health: health.slug().to_owned(),
        health_detail: report.message.clone(),
        health_since: if stays { row.health_since } else { now },
        checked_at: Some(now),
        next_check_at: retry_at(report, now, next_check_at),
        chat_url: report.chat_url.clone(),
        underlying_model: report.underlying_model.clone(),
        json_mode: report.json_mode.map(|mode| mode.slug().to_owned()),
    }
}

/// What the row keeps when no check was made.
pub(super) fn unchecked(row: &ConnectionRow, now: Timestamp, next_check_at: Option<Timestamp>) -> Checked {
    Checked {
        health: Health::NotChecked.slug().to_owned(),
        health_detail: String::new(),
        health_since: if row.stored_health() == Health::NotChecked.slug() { row.health_since } else { now },
        checked_at: None,
        next_check_at,
        chat_url: None,
        underlying_model: None,
        json_mode: None,
    }
}

/// Which of a provider's models are switched on when they first appear: those the catalogue knows as chat
/// models. Others are listed on the connection's page, for a person to switch on.
pub(super) fn is_wanted<'a>(provider: &'static Provider, catalog: &'a Models) -> impl Fn(&str) -> bool + 'a {
    move |id| !provider.is_single() || catalog.find(provider.slug, id).is_some_and(|model| model.is_chat)
}

/// The one model of a connection that names it; nothing for those whose models only a check can list.
pub(super) fn named_model(target: &Target) -> Vec<OfferedModel> {
    let named = target.deployment_name.iter();
    named.map(|id| OfferedModel { id: id.clone(), context_window: None, retires_on: None }).collect()
}

/// A provider that asked us to wait is asked again when it said, if that is before the next round.
fn retry_at(report: &CheckReport, now: Timestamp, next_check_at: Option<Timestamp>) -> Option<Timestamp> {
    let asked = report.retry_after_s.map(|seconds| now + chrono::TimeDelta::seconds(i64::from(seconds)));
    match (asked, next_check_at) {
        (Some(asked), Some(next)) => Some(asked.min(next)),
        (_, next) => next,
    }
}

/// A check that did not get as far as the models says nothing about them.
fn lists_models(report: &CheckReport) -> bool {
    report.verdict.passes() || !report.models.is_empty()
}

fn describe(health: Health, report: &CheckReport) -> String {
    match report.models.len() {
        0 => health.word().to_owned(),
        1 => format!("{}, 1 model listed", health.word()),
        n => format!("{}, {n} models listed", health.word()),
    }
}

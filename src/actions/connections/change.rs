//! Replacing a key, editing, pausing, resuming, switching models, removing.

use std::sync::Arc;

use super::sealing::{ending, next_check_at, open_secrets, seal_and_store, stored_fields};
use super::verify::{checked, is_wanted, named_model, unchecked};
use super::{Proof, Saved, check_for};
use crate::actions::require;
use crate::app::App;
use crate::connection;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry};
use crate::domain::check::CheckReport;
use crate::domain::connection::{ConnectionOptions, Target};
use crate::domain::field_errors::FieldErrors;
use crate::domain::role::Permission;
use crate::domain::secret::{SecretField, Secrets};
use crate::error::{Error, Result};
use crate::providers::{self, Provider, Submission};
use crate::store::connections::ConnectionRow;
use crate::store::{Conn, audit, checks, connections, models, organizations, users};

/// A change of a stored connection.
pub struct Change {
    /// Which connection.
    pub id: i64,
    /// The version that the person saw.
    pub seen_version: i64,
    /// What was typed.
    pub submission: Submission,
    /// Secrets to be removed for good.
    pub cleared: Vec<SecretField>,
    /// What it carries beside, if that changes as well.
    pub options: Option<ConnectionOptions>,
    /// Whether it has to pass its check.
    pub proof: Proof,
}

impl Change {
    /// What a form sent that shows the target and takes secrets, and leaves everything else as it is.
    #[must_use]
    pub fn typed(id: i64, seen_version: i64, submission: Submission, proof: Proof) -> Self {
        Self { id, seen_version, submission, cleared: Vec::new(), options: None, proof }
    }
}

/// Puts a new key in the old one's place, once it has passed its check. Until then the old one stays.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], [`Error::TooMany`]; the database's.
pub async fn replace_key(app: &App, actor: &Actor, change: Change) -> Result<Saved> {
    require(actor, Permission::ManageConnections)?;
    let (row, provider) = current(app, actor, &change).await?;
    let submission = Submission { secrets: change.submission.secrets, ..submission_of(&row.target()) };
    let (_, mut secrets) = provider.read(submission, app.outbound.policy(), &[])?;
    if secrets.is_empty() {
        let first = provider.fields.iter().find(|field| field.kind.secret().is_some());
        return Err(Error::field(first.map_or("", |field| field.name), "Enter the new key."));
    }
    // What was not typed stays as it is, such as the token beside a new key.
    match open_secrets(app, actor.scope, &row, provider).await? {
        Ok(stored) => keep_missing(&mut secrets, &stored, &[]),
        Err(_) => refuse_missing(provider, &secrets, &stored_fields(app, actor.scope, row.id).await?, BROKEN)?,
    }
    let candidate = Candidate {
        target: row.target(),
        row,
        provider,
        secrets,
        key: Key::New,
        cleared: Vec::new(),
        options: None,
        proof: change.proof,
    };
    save(app, actor, candidate, REPLACING).await
}

/// Changes what a connection is for. A secret field left empty keeps its secret, unless the new address has
/// another origin: a stored secret never goes to another place than the one it was entered for.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`], [`Error::TooMany`]; the database's.
pub async fn edit(app: &App, actor: &Actor, change: Change) -> Result<Saved> {
    require(actor, Permission::ManageConnections)?;
    let (row, provider) = current(app, actor, &change).await?;
    let stored = open_secrets(app, actor.scope, &row, provider).await?;
    let has_new_key = !change.submission.secrets.is_empty();
    let mut kept = stored_fields(app, actor.scope, row.id).await?;
    kept.retain(|field| !change.cleared.contains(field));
    let (target, mut secrets) = provider.read(change.submission, app.outbound.policy(), &kept)?;
    let moved = provider.destination(&target).as_str() != row.destination;
    match stored {
        Ok(stored) if !moved => keep_missing(&mut secrets, &stored, &change.cleared),
        Ok(_) => refuse_missing(provider, &secrets, &kept, MOVED)?,
        Err(_) => refuse_missing(provider, &secrets, &kept, BROKEN)?,
    }
    let acts = if has_new_key && target.is_same_place(&row.target()) {
        REPLACING
    } else {
        Acts { passed: Act::ConnectionEdited, waived: Act::ConnectionEdited, failed: None }
    };
    let Change { cleared, options, proof, .. } = change;
    let key = if has_new_key { Key::New } else { Key::Kept };
    save(app, actor, Candidate { row, provider, target, secrets, key, cleared, options, proof }, acts).await
}

/// Stops prompts from using a connection; the key stays.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; the database's.
pub async fn pause(app: &App, actor: &Actor, id: i64) -> Result<()> {
    let now = app.clock.now();
    simple(app, actor, id, move |conn, actor, row| {
        connections::set_paused(conn, actor.scope, row.id, Some(now))?;
        Ok(row.paused_at.is_none().then(|| AuditEntry::by(actor, Act::ConnectionPaused)))
    })
    .await
}

/// Lets prompts use a paused connection again.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; the database's.
pub async fn resume(app: &App, actor: &Actor, id: i64) -> Result<()> {
    simple(app, actor, id, |conn, actor, row| {
        connections::set_paused(conn, actor.scope, row.id, None)?;
        Ok(row.paused_at.is_some().then(|| AuditEntry::by(actor, Act::ConnectionResumed)))
    })
    .await
}

/// Changes what a connection carries beside its target and secrets, from what it carries now. Nothing is checked anew.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; what `change` finds wrong; the database's.
pub async fn set_options(
    app: &App,
    actor: &Actor,
    id: i64,
    change: impl FnOnce(&ConnectionRow) -> Result<ConnectionOptions> + Send + 'static,
) -> Result<()> {
    simple(app, actor, id, move |conn, actor, row| {
        let options = change(row)?;
        if row.options() == options {
            return Ok(None);
        }
        connections::set_options(conn, actor.scope, row.id, &options)?;
        Ok(Some(AuditEntry::by(actor, Act::ConnectionEdited).with("options")))
    })
    .await
}

/// Switches exactly these models on.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; the database's.
pub async fn switch_models(app: &App, actor: &Actor, id: i64, enabled: Vec<String>) -> Result<()> {
    simple(app, actor, id, move |conn, actor, row| {
        let (on, off) = models::switch(conn, actor.scope, row.id, &enabled)?;
        let words: Vec<String> = [("on", on), ("off", off)]
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(way, names)| format!("{way}: {}", names.join(", ")))
            .collect();
        let entry = AuditEntry::by(actor, Act::ModelsSwitched).with(words.join("; "));
        Ok((!words.is_empty()).then_some(entry))
    })
    .await
}

/// Deletes a connection and its key, and answers its name. `confirmed` looks at the row before it goes: whether it is
/// the one that was meant.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`]; what `confirmed` finds; the database's.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: i64,
    confirmed: impl FnOnce(&ConnectionRow) -> Result<()> + Send + 'static,
) -> Result<String> {
    require(actor, Permission::ManageConnections)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = connections::lock(conn, actor.scope, id)?;
            confirmed(&row)?;
            let name = connection::name(&row);
            if !connections::delete(conn, actor.scope, id)? {
                return Err(Error::NotFound);
            }
            organizations::bump_models_version(conn, actor.scope)?;
            let entry = AuditEntry::by(&actor, Act::ConnectionRemoved).on(connection::audit_target(&row));
            audit::append(conn, actor.scope, &keys.audit, clock.now(), &entry)?;
            Ok(name)
        })
        .await
}

/// What a save writes into the audit log.
struct Acts {
    passed: Act,
    waived: Act,
    /// `None`: a failed try changes nothing and is not worth a line.
    failed: Option<Act>,
}

const REPLACING: Acts =
    Acts { passed: Act::KeyReplaced, waived: Act::KeyReplacedUnchecked, failed: Some(Act::KeyReplaceFailed) };

/// Whether a save brings a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    New,
    Kept,
}

/// A connection as it would be.
struct Candidate {
    row: ConnectionRow,
    provider: &'static Provider,
    target: Target,
    secrets: Secrets,
    key: Key,
    cleared: Vec<SecretField>,
    options: Option<ConnectionOptions>,
    proof: Proof,
}

async fn save(app: &App, actor: &Actor, candidate: Candidate, acts: Acts) -> Result<Saved> {
    let Candidate { row, provider, target, secrets, key, cleared, options, proof } = candidate;
    let report = match proof {
        Proof::Waived => None,
        Proof::Required => {
            let report = check_for(app, actor, provider, &target, &secrets).await?;
            if !report.verdict.passes() {
                if let Some(act) = acts.failed {
                    note_failure(app, actor, &row, act, &report).await?;
                }
                return Ok(Saved::No(Box::new(report)));
            }
            Some(Box::new(report))
        }
    };
    let (vault, keys, clock) = (Arc::clone(&app.vault), Arc::clone(&app.keys), app.clock.clone());
    let (actor, catalog, next_check_at) = (actor.clone(), app.catalog.models(), next_check_at(app));
    app.db
        .write(move |conn| {
            let (scope, now, id) = (actor.scope, clock.now(), row.id);
            if !connections::touch(conn, scope, id, row.version, actor.user_id, now)? {
                return Err(somebody_was_faster(conn, &actor, id)?);
            }
            let destination = provider.destination(&target);
            let before = old_ending(conn, &actor, id)?;
            connections::set_target(conn, scope, id, &target, destination.as_str())?;
            seal_and_store(conn, (&vault, &clock), scope, id, provider, &destination, &secrets)?;
            for field in cleared.iter().filter(|field| secrets.get(**field).is_none()) {
                connections::delete_secret(conn, scope, id, field.name())?;
            }
            if let Some(options) = &options {
                connections::set_options(conn, scope, id, options)?;
            }
            if key == Key::New {
                connections::set_key_replaced(conn, scope, id, actor.user_id, now)?;
            }
            let stored = connections::get(conn, scope, id)?;
            let outcome = match &report {
                Some(report) => checked(&stored, report, now, next_check_at),
                None => unchecked(&stored, now, next_check_at.map(|_| now)),
            };
            connections::set_checked(conn, scope, id, stored.version, &outcome)?;
            if row.deployment_name != target.deployment_name {
                models::forget(conn, scope, id)?;
            }
            match &report {
                Some(report) => {
                    checks::insert(conn, scope, id, Some(actor.user_id), now, report)?;
                    models::record_offered(conn, scope, id, &report.models, is_wanted(provider, &catalog))?;
                }
                None => models::record_named(conn, scope, id, &named_model(&target))?,
            }
            organizations::bump_models_version(conn, scope)?;
            let act = if report.is_some() { acts.passed } else { acts.waived };
            let entry = AuditEntry::by(&actor, act)
                .on(connection::audit_target(&stored))
                .with(from_to(&before, &ending(provider, &secrets)));
            audit::append(conn, scope, &keys.audit, now, &entry)?;
            Ok(Saved::Yes { id })
        })
        .await
}

/// A change that needs no check: touches the connection, does the work, raises the dropdown's version and writes
/// the entry that the work answers.
async fn simple(
    app: &App,
    actor: &Actor,
    id: i64,
    work: impl FnOnce(&mut Conn, &Actor, &ConnectionRow) -> Result<Option<AuditEntry>> + Send + 'static,
) -> Result<()> {
    require(actor, Permission::ManageConnections)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = connections::lock(conn, actor.scope, id)?;
            let Some(entry) = work(conn, &actor, &row)? else { return Ok(()) };
            let now = clock.now();
            if !connections::touch(conn, actor.scope, id, row.version, actor.user_id, now)? {
                return Err(somebody_was_faster(conn, &actor, id)?);
            }
            organizations::bump_models_version(conn, actor.scope)?;
            audit::append(conn, actor.scope, &keys.audit, now, &entry.on(connection::audit_target(&row)))
        })
        .await
}

/// The connection as the person saw it, with its provider.
async fn current(app: &App, actor: &Actor, change: &Change) -> Result<(ConnectionRow, &'static Provider)> {
    let (actor, id, seen_version) = (actor.clone(), change.id, change.seen_version);
    let row = app
        .db
        .read(move |conn| {
            let row = connections::get(conn, actor.scope, id)?;
            if row.version == seen_version { Ok(row) } else { Err(somebody_was_faster(conn, &actor, id)?) }
        })
        .await?;
    let provider = providers::by_slug(&row.provider).ok_or(Error::NotFound)?;
    Ok((row, provider))
}

/// The error for a form that was opened before somebody else's change.
fn somebody_was_faster(conn: &mut Conn, actor: &Actor, id: i64) -> Result<Error> {
    let row = connections::get(conn, actor.scope, id)?;
    let who = match row.updated_by {
        Some(user_id) if user_id == actor.user_id => Some("You".to_owned()),
        Some(user_id) => users::name(conn, actor.scope, user_id)?,
        None => None,
    };
    let who = who.unwrap_or_else(|| "Someone".to_owned());
    Ok(Error::field(
        "",
        crate::domain::field_errors::FieldError {
            message: format!(
                "{who} changed this connection meanwhile. Your changes aren’t saved. Look at it as it is now, then try again."
            ),
            suggestion: None,
            link: Some((format!("/providers/{id}"), "Open the connection".into())),
        },
    ))
}

async fn note_failure(app: &App, actor: &Actor, row: &ConnectionRow, act: Act, report: &CheckReport) -> Result<()> {
    let entry = AuditEntry::by(actor, act).on(connection::audit_target(row)).with(format!(
        "{}: {}",
        report.verdict.health().word(),
        report.message
    ));
    let (keys, now, scope) = (Arc::clone(&app.keys), app.clock.now(), actor.scope);
    app.db.write(move |conn| audit::append(conn, scope, &keys.audit, now, &entry)).await
}

fn keep_missing(secrets: &mut Secrets, stored: &Secrets, cleared: &[SecretField]) {
    for (field, secret) in stored.iter() {
        if secrets.get(field).is_none() && !cleared.contains(&field) {
            secrets.put(field, secret.duplicate());
        }
    }
}

const MOVED: &str = "The address changed, and we never send a stored secret to another server.";
const BROKEN: &str = "The stored one can’t be opened on this server.";

/// The address moved, or the old secrets do not open: every secret that was stored has to be typed again.
fn refuse_missing(provider: &Provider, secrets: &Secrets, stored: &[SecretField], why: &str) -> Result<()> {
    let mut errors = FieldErrors::default();
    for field in provider.fields {
        let Some(secret) = field.kind.secret() else { continue };
        let needed = field.required || stored.contains(&secret);
        if needed && secrets.get(secret).is_none() {
            errors.add(field.name, format!("Enter the {} again. {why}", field.label));
        }
    }
    Ok(errors.into_result()?)
}

fn submission_of(target: &Target) -> Submission {
    Submission {
        deployment_name: target.deployment_name.clone(),
        endpoint: target.endpoint.clone(),
        google_project_id: target.google_project_id.clone(),
        google_location: target.google_location.clone(),
        secrets: Secrets::default(),
    }
}

fn old_ending(conn: &mut Conn, actor: &Actor, id: i64) -> Result<String> {
    let sealed = connections::sealed_secrets(conn, actor.scope, id)?;
    let tail = sealed.into_iter().find_map(|secret| secret.tail);
    Ok(tail.map_or_else(String::new, |tail| format!("ending {tail}")))
}

/// "ending aP31 to ending Zt0c"; only one of them if nothing changed.
fn from_to(before: &str, after: &str) -> String {
    if before == after || before.is_empty() { after.to_owned() } else { format!("{before} to {after}") }
}

//! Adding a connection.

use std::sync::Arc;

use super::sealing::{ending, next_check_at, seal_and_store};
use super::verify::{checked, is_wanted, named_model, unchecked};
use super::{Proof, Saved, check_for};
use crate::actions::require;
use crate::app::App;
use crate::connection;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::check::CheckReport;
use crate::domain::connection::{ConnectionOptions, Health, Scope, Target};
use crate::domain::field_errors::{FieldError, FieldErrors};
use crate::domain::role::Permission;
use crate::domain::secret::Secrets;
use crate::error::{Error, Result};
use crate::providers::{Provider, Submission};
use crate::store::connections::{Inserted, NewConnection};
use crate::store::{audit, checks, connections, models, organizations};

/// What is to be added.
pub struct Addition {
    /// Which provider.
    pub provider: &'static Provider,
    /// What was typed.
    pub submission: Submission,
    /// Names the form with all that was typed: posting it twice adds one connection.
    pub form_id: Option<String>,
    /// Whether it has to pass its check.
    pub proof: Proof,
    /// What it carries beside; `None` for what is usual for the provider.
    pub options: Option<ConnectionOptions>,
}

/// Adds a connection: validates, checks with the provider, seals and stores.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for what was typed and for a provider that is already connected;
/// [`Error::TooMany`]; the database's.
pub async fn add(app: &App, actor: &Actor, addition: Addition) -> Result<Saved> {
    require(actor, Permission::ManageConnections)?;
    let Addition { provider, submission, form_id, proof, options } = addition;
    if let Some(id) = refuse_duplicate(app, actor, provider, &submission, form_id.as_deref()).await? {
        return Ok(Saved::Yes { id });
    }
    let (target, secrets) = provider.read(submission, app.outbound.policy(), &[])?;
    let report = match proof {
        Proof::Waived => None,
        Proof::Required => {
            let report = check_for(app, actor, provider, &target, &secrets).await?;
            if !report.verdict.passes() {
                note_refusal(app, actor, provider, &target, &report).await?;
                return Ok(Saved::No(Box::new(report)));
            }
            Some(Box::new(report))
        }
    };
    store(app, actor, New { provider, target, secrets, form_id, report, options }).await
}

struct New {
    provider: &'static Provider,
    target: Target,
    secrets: Secrets,
    form_id: Option<String>,
    report: Option<Box<CheckReport>>,
    options: Option<ConnectionOptions>,
}

async fn store(app: &App, actor: &Actor, new: New) -> Result<Saved> {
    let New { provider, target, secrets, form_id, report, options } = new;
    let (vault, keys, clock) = (Arc::clone(&app.vault), Arc::clone(&app.keys), app.clock.clone());
    let (actor, catalog, next_check_at) = (actor.clone(), app.catalog.models(), next_check_at(app));
    app.db
        .write(move |conn| {
            let now = clock.now();
            let scope = actor.scope;
            let destination = provider.destination(&target);
            let row = NewConnection {
                organization_id: scope.id(),
                provider: provider.slug.to_owned(),
                single: provider.is_single().then(|| provider.slug.to_owned()),
                form_id,
                scope: if provider.is_single() { Scope::Organization } else { Scope::Model }.name().to_owned(),
                deployment_name: target.deployment_name.clone(),
                endpoint: target.endpoint.clone(),
                google_project_id: target.google_project_id.clone(),
                google_location: target.google_location.clone(),
                chat_url: target.chat_url.clone(),
                destination: destination.as_str().to_owned(),
                health: Health::NotChecked.slug().to_owned(),
                health_since: now,
                created_by: Some(actor.user_id),
                created_at: now,
                updated_by: Some(actor.user_id),
                updated_at: now,
            };
            let id = match connections::insert(conn, scope, &row)? {
                Inserted::New(id) => id,
                Inserted::SameForm(id) => return Ok(Saved::Yes { id }),
                Inserted::AlreadyConnected(id) => return Err(already_connected(provider, id).into()),
            };
            seal_and_store(conn, (&vault, &clock), scope, id, provider, &destination, &secrets)?;
            if let Some(options) = &options {
                connections::set_options(conn, scope, id, options)?;
            }
            let stored = connections::get(conn, scope, id)?;
            let ending = ending(provider, &secrets);
            let entry = match &report {
                Some(report) => {
                    let checked = checked(&stored, report, now, next_check_at);
                    connections::set_checked(conn, scope, id, stored.version, &checked)?;
                    checks::insert(conn, scope, id, Some(actor.user_id), now, report)?;
                    models::record_offered(conn, scope, id, &report.models, is_wanted(provider, &catalog))?;
                    AuditEntry::by(&actor, Act::ConnectionAdded).with(ending)
                }
                None => {
                    // Due at once: the schedule finds out whether it works by now.
                    let checked = unchecked(&stored, now, next_check_at.map(|_| now));
                    connections::set_checked(conn, scope, id, stored.version, &checked)?;
                    models::record_named(conn, scope, id, &named_model(&target))?;
                    AuditEntry::by(&actor, Act::ConnectionAddedUnchecked).with(ending)
                }
            };
            organizations::bump_models_version(conn, scope)?;
            audit::append(conn, scope, &keys.audit, now, &entry.on(connection::audit_target(&stored)))?;
            Ok(Saved::Yes { id })
        })
        .await
}

/// Finds what is already connected before anybody is called: the id if the same form was posted before.
async fn refuse_duplicate(
    app: &App,
    actor: &Actor,
    provider: &'static Provider,
    submission: &Submission,
    form_id: Option<&str>,
) -> Result<Option<i64>> {
    let scope = actor.scope;
    let form_id = form_id.map(str::to_owned);
    let (rows, same_form) = app
        .db
        .read(move |conn| {
            let same_form = form_id.map(|form_id| connections::of_form(conn, scope, &form_id)).transpose()?.flatten();
            Ok((connections::of_provider(conn, scope, provider.slug)?, same_form))
        })
        .await?;
    if same_form.is_some() {
        return Ok(same_form);
    }
    if provider.is_single() {
        return match rows.first() {
            Some(row) => Err(already_connected(provider, row.id).into()),
            None => Ok(None),
        };
    }
    let trimmed = |text: &Option<String>| text.as_deref().map(|text| text.trim().trim_end_matches('/').to_owned());
    let twin = rows.iter().find(|row| {
        trimmed(&row.deployment_name) == trimmed(&submission.deployment_name)
            && trimmed(&row.endpoint) == trimmed(&submission.endpoint)
    });
    match twin {
        None => Ok(None),
        Some(row) => Err(Error::field(
            "deployment_name",
            FieldError {
                message: format!("{} is already connected to this endpoint.", connection::name(row)),
                suggestion: None,
                link: Some((format!("/providers/{}", row.id), "Open it".into())),
            },
        )),
    }
}

fn already_connected(provider: &Provider, id: i64) -> FieldErrors {
    FieldErrors::one(
        "provider",
        FieldError {
            message: format!(
                "{} is already connected. There’s one {} key for the organization.",
                provider.name, provider.name
            ),
            suggestion: None,
            link: Some((format!("/providers/{id}/replace-key"), "Replace its key".into())),
        },
    )
}

/// A failed attempt leaves a trace, without the key.
async fn note_refusal(
    app: &App,
    actor: &Actor,
    provider: &'static Provider,
    target: &Target,
    report: &CheckReport,
) -> Result<()> {
    let name = target.deployment_name.clone().unwrap_or_else(|| provider.name.to_owned());
    let entry = AuditEntry::by(actor, Act::ConnectionRefused).on(AuditTarget::Other(name)).with(format!(
        "{}: {}",
        report.verdict.health().word(),
        report.message
    ));
    let (keys, now, scope) = (Arc::clone(&app.keys), app.clock.now(), actor.scope);
    app.db.write(move |conn| audit::append(conn, scope, &keys.audit, now, &entry)).await
}

//! Making, changing and deleting projects.

use std::sync::Arc;

use super::{names_of_changed, require};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::project::ProjectDraft;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::projects::{Kept, ProjectRow};
use crate::store::{audit, projects};

/// Makes a project.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`Invalid`](crate::error::Error::Invalid); the database's.
pub async fn create(app: &App, actor: &Actor, draft: ProjectDraft) -> Result<ProjectRow> {
    require(actor, Permission::ManagePrompts)?;
    let (draft, config) = draft.judge()?;
    let (keys, now, actor) = (Arc::clone(&app.keys), app.clock.now(), actor.clone());
    app.db
        .write(move |conn| {
            let kept = Kept { suits_prompts: config.suits_prompts(), at: now };
            let id = projects::insert(conn, actor.scope, &draft, kept, actor.user_id)?;
            let entry = AuditEntry::by(&actor, Act::ProjectCreated).on(AuditTarget::Other(draft.title));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            projects::get(conn, actor.scope, id)
        })
        .await
}

/// Changes a project, from what it is when nobody else changes it any more.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`NotFound`](crate::error::Error::NotFound); whatever `change`
/// answers; [`Invalid`](crate::error::Error::Invalid); the database's.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: i64,
    change: impl FnOnce(&ProjectRow) -> Result<ProjectDraft> + Send + 'static,
) -> Result<ProjectRow> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = projects::lock(conn, actor.scope, id)?;
            let (draft, config) = change(&row)?.judge()?;
            let changed = changed_members(&row.draft(), &draft);
            if changed.is_empty() {
                return Ok(row);
            }
            let now = clock.now();
            let kept = Kept { suits_prompts: config.suits_prompts(), at: now };
            projects::update(conn, actor.scope, id, &draft, kept)?;
            let entry = AuditEntry::by(&actor, Act::ProjectChanged).on(AuditTarget::Other(draft.title)).with(changed);
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            projects::get(conn, actor.scope, id)
        })
        .await
}

/// Deletes a project, if `may_go` agrees. Prompts that were for it stay.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`NotFound`](crate::error::Error::NotFound); whatever `may_go`
/// answers; the database's.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: i64,
    may_go: impl FnOnce(&ProjectRow) -> Result<()> + Send + 'static,
) -> Result<()> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = projects::lock(conn, actor.scope, id)?;
            may_go(&row)?;
            projects::delete(conn, actor.scope, id)?;
            let entry = AuditEntry::by(&actor, Act::ProjectDeleted).on(AuditTarget::Other(row.title));
            audit::append(conn, actor.scope, &keys.audit, clock.now(), &entry)
        })
        .await
}

/// What is different, by name, for the audit log.
fn changed_members(before: &ProjectDraft, after: &ProjectDraft) -> String {
    let members = [
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("label_config", before.label_config != after.label_config),
    ];
    names_of_changed(&members)
}

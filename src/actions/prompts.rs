//! Making, changing and deleting prompts.

use std::sync::Arc;

use super::{names_of_changed, require};
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::field_errors::FieldErrors;
use crate::domain::prompt::PromptDraft;
use crate::domain::role::Permission;
use crate::error::Result;
use crate::store::prompts::PromptRow;
use crate::store::{Conn, audit, projects, prompts};

/// A prompt that was saved.
#[derive(Debug)]
pub struct Saved {
    /// Its row.
    pub row: PromptRow,
    /// The ids of the projects that it is for.
    pub projects: Vec<i64>,
}

/// Makes a prompt.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`Invalid`](crate::error::Error::Invalid), also for projects that
/// are not the organization's; the database's.
pub async fn create(app: &App, actor: &Actor, draft: PromptDraft) -> Result<Saved> {
    require(actor, Permission::ManagePrompts)?;
    let draft = draft.judge()?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let projects = take_projects(conn, actor.scope, &draft.projects, &[])?;
            let now = clock.now();
            let id = prompts::insert(conn, actor.scope, &draft, actor.user_id, now)?;
            prompts::set_projects(conn, actor.scope, id, &projects)?;
            let entry = AuditEntry::by(&actor, Act::PromptCreated).on(AuditTarget::Other(draft.title));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(Saved { row: prompts::get(conn, actor.scope, id)?, projects })
        })
        .await
}

/// Changes a prompt, from what it is when nobody else changes it any more.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`NotFound`](crate::error::Error::NotFound); whatever `change`
/// answers; [`Invalid`](crate::error::Error::Invalid); the database's.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: i64,
    change: impl FnOnce(&PromptRow, PromptDraft) -> Result<PromptDraft> + Send + 'static,
) -> Result<Saved> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = prompts::lock(conn, actor.scope, id)?;
            let linked = prompts::projects_of(conn, actor.scope, &[id])?;
            let present = row.draft(linked.iter().map(|project| project.project_id).collect());
            let draft = change(&row, present.clone())?.judge()?;
            let changed = changed_members(&present, &draft);
            if changed.is_empty() {
                return Ok(Saved { row, projects: present.projects });
            }
            let mut projects = present.projects.clone();
            if draft.projects != present.projects {
                projects = take_projects(conn, actor.scope, &draft.projects, &present.projects)?;
                prompts::set_projects(conn, actor.scope, id, &projects)?;
            }
            let now = clock.now();
            prompts::update(conn, actor.scope, id, &draft, now)?;
            let entry = AuditEntry::by(&actor, Act::PromptChanged).on(AuditTarget::Other(draft.title)).with(changed);
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            Ok(Saved { row: prompts::get(conn, actor.scope, id)?, projects })
        })
        .await
}

/// Deletes a prompt with its versions, if `may_go` agrees.
///
/// # Errors
/// [`Forbidden`](crate::error::Error::Forbidden); [`NotFound`](crate::error::Error::NotFound); whatever `may_go`
/// answers; the database's.
pub async fn delete(
    app: &App,
    actor: &Actor,
    id: i64,
    may_go: impl FnOnce(&PromptRow) -> Result<()> + Send + 'static,
) -> Result<()> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let row = prompts::lock(conn, actor.scope, id)?;
            may_go(&row)?;
            prompts::delete(conn, actor.scope, id)?;
            let entry = AuditEntry::by(&actor, Act::PromptDeleted).on(AuditTarget::Other(row.title));
            audit::append(conn, actor.scope, &keys.audit, clock.now(), &entry)
        })
        .await
}

/// Takes the projects that a prompt is to be for, so that none of them goes meanwhile. One that the prompt was for
/// until now and that has just gone is left out without a word: nobody has asked for it.
fn take_projects(conn: &mut Conn, scope: OrgScope, wanted: &[i64], until_now: &[i64]) -> Result<Vec<i64>> {
    let taken = projects::lock_all(conn, scope, wanted)?;
    let mut errors = FieldErrors::default();
    for id in wanted.iter().filter(|id| !taken.contains(id) && !until_now.contains(id)) {
        errors.add("associated_projects", format!("Invalid pk \"{id}\" - object does not exist."));
    }
    errors.into_result()?;
    Ok(taken)
}

/// What is different, by name, for the audit log.
fn changed_members(before: &PromptDraft, after: &PromptDraft) -> String {
    names_of_changed(&[
        ("title", before.title != after.title),
        ("description", before.description != after.description),
        ("skill_name", before.skill_name != after.skill_name),
        ("input_fields", before.input_fields != after.input_fields),
        ("output_classes", before.output_classes != after.output_classes),
        ("associated_projects", before.projects != after.projects),
    ])
}

//! Saving, overwriting and deleting versions of prompts.

use std::sync::Arc;

use super::{names_of_changed, require};
use crate::app::App;
use crate::domain::actor::{Actor, OrgScope};
use crate::domain::audit::{Act, AuditEntry, AuditTarget};
use crate::domain::prompt::VersionDraft;
use crate::domain::role::Permission;
use crate::error::{Error, Result};
use crate::providers;
use crate::store::connections::ConnectionRow;
use crate::store::prompt_versions::PromptVersionRow;
use crate::store::prompts::PromptRow;
use crate::store::{Conn, audit, connections, prompt_versions, prompts};

/// A prompt has no more than this: they are listed whole.
const MOST_VERSIONS: i64 = 200;

/// A version as somebody wants it.
#[derive(Debug)]
pub struct Wanted {
    /// The version; its provider counts only if it was chosen.
    pub draft: VersionDraft,
    /// Where the provider comes from.
    pub provider: ProviderChoice,
}

/// Where the provider of a version comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderChoice {
    /// Somebody named it, or it stays as it is: the connection has to be of it.
    Named,
    /// Nobody named it: it is that of the connection, if there is one.
    OfConnection,
}

/// Saves a new version of a prompt.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`], also for a connection that is not the
/// organization's; the database's.
pub async fn create(app: &App, actor: &Actor, prompt_id: i64, wanted: Wanted) -> Result<PromptVersionRow> {
    require(actor, Permission::ManagePrompts)?;
    let wanted = wanted.judge()?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let prompt = prompts::lock(conn, actor.scope, prompt_id)?;
            let n_versions = prompts::n_versions(conn, actor.scope, &[prompt_id])?;
            if n_versions.iter().any(|(_, n)| *n >= MOST_VERSIONS) {
                let message = format!("There are {MOST_VERSIONS} versions already. Delete one that nobody needs.");
                return Err(Error::field("", message));
            }
            let draft = settle(conn, actor.scope, wanted, None)?;
            let now = clock.now();
            let id = prompt_versions::insert(conn, actor.scope, prompt_id, &draft, actor.user_id, now)?;
            let entry = AuditEntry::by(&actor, Act::PromptVersionCreated).on(target(&draft.title, &prompt));
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            prompt_versions::get(conn, actor.scope, prompt_id, id)
        })
        .await
}

/// Overwrites a version, from what it is when nobody else changes it any more.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; whatever `change` answers; [`Error::Invalid`]; the database's.
pub async fn change(
    app: &App,
    actor: &Actor,
    (prompt_id, id): (i64, i64),
    change: impl FnOnce(&PromptVersionRow) -> Result<Wanted> + Send + 'static,
) -> Result<PromptVersionRow> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            // Who holds the prompt holds its versions.
            let prompt = prompts::lock(conn, actor.scope, prompt_id)?;
            let row = prompt_versions::get(conn, actor.scope, prompt_id, id)?;
            let wanted = change(&row)?.judge()?;
            let draft = settle(conn, actor.scope, wanted, row.connection_id)?;
            let changed = changed_members(&row.draft(), &draft);
            if changed.is_empty() {
                return Ok(row);
            }
            let now = clock.now();
            prompt_versions::update(conn, actor.scope, prompt_id, id, &draft, now)?;
            let entry =
                AuditEntry::by(&actor, Act::PromptVersionChanged).on(target(&draft.title, &prompt)).with(changed);
            audit::append(conn, actor.scope, &keys.audit, now, &entry)?;
            prompt_versions::get(conn, actor.scope, prompt_id, id)
        })
        .await
}

/// Deletes a version, if `may_go` agrees.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; whatever `may_go` answers; the database's.
pub async fn delete(
    app: &App,
    actor: &Actor,
    (prompt_id, id): (i64, i64),
    may_go: impl FnOnce(&PromptVersionRow) -> Result<()> + Send + 'static,
) -> Result<()> {
    require(actor, Permission::ManagePrompts)?;
    let (keys, clock, actor) = (Arc::clone(&app.keys), app.clock.clone(), actor.clone());
    app.db
        .write(move |conn| {
            let prompt = prompts::lock(conn, actor.scope, prompt_id)?;
            let row = prompt_versions::get(conn, actor.scope, prompt_id, id)?;
            may_go(&row)?;
            prompt_versions::delete(conn, actor.scope, prompt_id, id)?;
            let entry = AuditEntry::by(&actor, Act::PromptVersionDeleted).on(target(&row.title, &prompt));
            audit::append(conn, actor.scope, &keys.audit, clock.now(), &entry)
        })
        .await
}

impl Wanted {
    fn judge(self) -> Result<Self> {
        Ok(Self { draft: self.draft.judge()?, ..self })
    }
}

/// The draft with its connection taken, so that it does not go meanwhile, and with a provider that fits to it.
fn settle(conn: &mut Conn, scope: OrgScope, wanted: Wanted, until_now: Option<i64>) -> Result<VersionDraft> {
    let Wanted { mut draft, provider } = wanted;
    let Some(id) = draft.connection_id else { return Ok(draft) };
    let connection = match connections::lock(conn, scope, id) {
        // It has just gone, and nobody has asked for it.
        Err(Error::NotFound) if until_now == Some(id) => {
            draft.connection_id = None;
            return Ok(draft);
        }
        Err(Error::NotFound) => {
            let message = format!("Invalid pk \"{id}\" - object does not exist.");
            return Err(Error::field("model_provider_connection", message));
        }
        found => found?,
    };
    match provider {
        ProviderChoice::OfConnection => draft.provider = connection.provider,
        ProviderChoice::Named => require_fit(&draft, &connection)?,
    }
    Ok(draft)
}

fn require_fit(draft: &VersionDraft, connection: &ConnectionRow) -> Result<()> {
    if draft.provider == connection.provider {
        return Ok(());
    }
    let name = providers::by_slug(&connection.provider).map_or(connection.provider.as_str(), |known| known.api_name);
    let message = format!("The connection is one of {name}. Name that provider, or another connection.");
    Err(Error::field("provider", message))
}

fn target(title: &str, prompt: &PromptRow) -> AuditTarget {
    AuditTarget::Other(format!("{title} of {}", prompt.title))
}

/// What is different, by name, for the audit log.
fn changed_members(before: &VersionDraft, after: &VersionDraft) -> String {
    names_of_changed(&[
        ("title", before.title != after.title),
        ("prompt", before.prompt != after.prompt),
        ("provider", before.provider != after.provider),
        ("provider_model_id", before.model != after.model),
        ("model_provider_connection", before.connection_id != after.connection_id),
        ("max_few_shot_examples", before.max_few_shot_examples != after.max_few_shot_examples),
    ])
}

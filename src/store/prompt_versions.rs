//! Versions of prompts.

use diesel::prelude::*;

use super::Conn;
use super::listing::{Order, ordered};
use super::schema::{prompt_versions, prompts};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::prompt::VersionDraft;
use crate::error::Result;

/// A version of a prompt as it is stored. The provider is a slug, so that one this version of the program does not
/// know never breaks a read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = prompt_versions)]
pub struct PromptVersionRow {
    /// The id.
    pub id: i64,
    /// The prompt.
    pub prompt_id: i64,
    /// Its title.
    pub title: String,
    /// The wording.
    pub prompt: String,
    /// The provider's slug.
    pub provider: String,
    /// The model's id.
    #[diesel(column_name = provider_model_id)]
    pub model: String,
    /// The connection to use; `None` if none was chosen, or once it is gone.
    #[diesel(column_name = model_provider_connection)]
    pub connection_id: Option<i64>,
    /// How many examples go with it.
    pub max_few_shot_examples: Option<i64>,
    /// Who made it; `None` once that person is gone.
    pub created_by: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

impl PromptVersionRow {
    /// What somebody can change of it.
    #[must_use]
    pub fn draft(&self) -> VersionDraft {
        VersionDraft {
            title: self.title.clone(),
            prompt: self.prompt.clone(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            connection_id: self.connection_id,
            max_few_shot_examples: self.max_few_shot_examples,
        }
    }
}

/// Adds a version to a prompt and answers its id. Lock the prompt first: [`lock`](super::prompts::lock).
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) if the prompt is not the organization's; the database's.
pub fn insert(
    conn: &mut Conn,
    scope: OrgScope,
    prompt_id: i64,
    draft: &VersionDraft,
    user_id: i64,
    now: Timestamp,
) -> Result<i64> {
    super::prompts::get(conn, scope, prompt_id)?;
    Ok(diesel::insert_into(prompt_versions::table)
        .values((
            prompt_versions::prompt_id.eq(prompt_id),
            prompt_versions::title.eq(&draft.title),
            prompt_versions::prompt.eq(&draft.prompt),
            prompt_versions::provider.eq(&draft.provider),
            prompt_versions::provider_model_id.eq(&draft.model),
            prompt_versions::model_provider_connection.eq(draft.connection_id),
            prompt_versions::max_few_shot_examples.eq(draft.max_few_shot_examples),
            prompt_versions::created_by.eq(user_id),
            prompt_versions::created_at.eq(now),
            prompt_versions::updated_at.eq(now),
        ))
        .returning(prompt_versions::id)
        .get_result(conn)?)
}

/// Overwrites a version. Lock its prompt first: [`lock`](super::prompts::lock).
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) if it is not there; the database's.
pub fn update(
    conn: &mut Conn,
    scope: OrgScope,
    prompt_id: i64,
    id: i64,
    draft: &VersionDraft,
    now: Timestamp,
) -> Result<()> {
    get(conn, scope, prompt_id, id)?;
    diesel::update(prompt_versions::table.find(id))
        .set((
            prompt_versions::title.eq(&draft.title),
            prompt_versions::prompt.eq(&draft.prompt),
            prompt_versions::provider.eq(&draft.provider),
            prompt_versions::provider_model_id.eq(&draft.model),
            prompt_versions::model_provider_connection.eq(draft.connection_id),
            prompt_versions::max_few_shot_examples.eq(draft.max_few_shot_examples),
            prompt_versions::updated_at.eq(now),
            prompt_versions::version.eq(prompt_versions::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Deletes a version. Lock its prompt first: [`lock`](super::prompts::lock).
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) if it is not there; the database's.
pub fn delete(conn: &mut Conn, scope: OrgScope, prompt_id: i64, id: i64) -> Result<()> {
    get(conn, scope, prompt_id, id)?;
    diesel::delete(prompt_versions::table.find(id)).execute(conn)?;
    Ok(())
}

/// A version of a prompt.
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound), also for another prompt's or organization's; the database's.
pub fn get(conn: &mut Conn, scope: OrgScope, prompt_id: i64, id: i64) -> Result<PromptVersionRow> {
    Ok(prompt_versions::table
        .inner_join(prompts::table)
        .filter(prompts::organization_id.eq(scope.id()).and(prompts::id.eq(prompt_id)))
        .filter(prompt_versions::id.eq(id))
        .select(PromptVersionRow::as_select())
        .first(conn)?)
}

/// The versions of a prompt.
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) if the prompt is not the organization's; the database's.
pub fn list(conn: &mut Conn, scope: OrgScope, prompt_id: i64, order: Order) -> Result<Vec<PromptVersionRow>> {
    super::prompts::get(conn, scope, prompt_id)?;
    let query = prompt_versions::table.filter(prompt_versions::prompt_id.eq(prompt_id)).into_boxed();
    Ok(ordered!(query, prompt_versions, order).select(PromptVersionRow::as_select()).load(conn)?)
}

/// The titles of a prompt's versions.
///
/// # Errors
/// [`NotFound`](crate::error::Error::NotFound) if the prompt is not the organization's; the database's.
pub fn titles(conn: &mut Conn, scope: OrgScope, prompt_id: i64) -> Result<Vec<String>> {
    super::prompts::get(conn, scope, prompt_id)?;
    let of_prompt = prompt_versions::prompt_id.eq(prompt_id);
    Ok(prompt_versions::table.filter(of_prompt).select(prompt_versions::title).load(conn)?)
}

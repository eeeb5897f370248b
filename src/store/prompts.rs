//! Prompts, and which projects they are for.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Conn;
use super::listing::{Listing, contains, folded, lower, ordered};
use super::schema::{projects, prompt_projects, prompt_versions, prompts};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::prompt::PromptDraft;
use crate::error::{Error, Result};

/// A prompt as it is stored, without its projects.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = prompts)]
pub struct PromptRow {
    /// The id.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// What it is for.
    pub skill_name: Option<String>,
    input_fields: Option<String>,
    output_classes: Option<String>,
    /// Who made it; `None` once that person is gone.
    pub created_by: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

impl PromptRow {
    /// The variables of a task that it uses.
    #[must_use]
    pub fn input_fields(&self) -> Option<Vec<String>> {
        texts(self.input_fields.as_deref())
    }

    /// The labels that it chooses from.
    #[must_use]
    pub fn output_classes(&self) -> Option<Vec<String>> {
        texts(self.output_classes.as_deref())
    }

    /// What somebody can change of it, with the ids of its projects.
    #[must_use]
    pub fn draft(&self, projects: Vec<i64>) -> PromptDraft {
        PromptDraft {
            title: self.title.clone(),
            description: self.description.clone(),
            skill_name: self.skill_name.clone(),
            input_fields: self.input_fields(),
            output_classes: self.output_classes(),
            projects,
        }
    }
}

/// A project that a prompt is for.
#[derive(Clone, Debug, Queryable)]
pub struct ProjectOfPrompt {
    /// The prompt's id.
    pub prompt_id: i64,
    /// The project's id.
    pub project_id: i64,
    /// The project's title.
    pub title: String,
}

/// Adds a prompt without its projects and answers its id.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, scope: OrgScope, draft: &PromptDraft, user_id: i64, now: Timestamp) -> Result<i64> {
    Ok(diesel::insert_into(prompts::table)
        .values((
            prompts::organization_id.eq(scope.id()),
            prompts::title.eq(&draft.title),
            prompts::description.eq(&draft.description),
            prompts::skill_name.eq(&draft.skill_name),
            prompts::input_fields.eq(json(draft.input_fields.as_deref())?),
            prompts::output_classes.eq(json(draft.output_classes.as_deref())?),
            prompts::folded.eq(folded(&draft.title, draft.description.as_deref())),
            prompts::created_by.eq(user_id),
            prompts::created_at.eq(now),
            prompts::updated_at.eq(now),
        ))
        .returning(prompts::id)
        .get_result(conn)?)
}

/// Overwrites a prompt, though not its projects. Call [`lock`] first.
///
/// # Errors
/// The database's.
pub fn update(conn: &mut Conn, scope: OrgScope, id: i64, draft: &PromptDraft, now: Timestamp) -> Result<()> {
    diesel::update(one(scope, id))
        .set((
            prompts::title.eq(&draft.title),
            prompts::description.eq(&draft.description),
            prompts::skill_name.eq(&draft.skill_name),
            prompts::input_fields.eq(json(draft.input_fields.as_deref())?),
            prompts::output_classes.eq(json(draft.output_classes.as_deref())?),
            prompts::folded.eq(folded(&draft.title, draft.description.as_deref())),
            prompts::updated_at.eq(now),
            prompts::version.eq(prompts::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Says which projects a prompt is for. They are the organization's and locked: see
/// [`lock_all`](super::projects::lock_all); and so is the prompt.
///
/// # Errors
/// [`Error::NotFound`] if the prompt is not the organization's; the database's.
pub fn set_projects(conn: &mut Conn, scope: OrgScope, id: i64, projects: &[i64]) -> Result<()> {
    get(conn, scope, id)?;
    diesel::delete(prompt_projects::table.filter(prompt_projects::prompt_id.eq(id))).execute(conn)?;
    for project_id in projects {
        diesel::insert_into(prompt_projects::table)
            .values((prompt_projects::prompt_id.eq(id), prompt_projects::project_id.eq(project_id)))
            .execute(conn)?;
    }
    Ok(())
}

/// Takes a prompt until the end of the transaction and answers it as it is then: nobody changes or deletes it
/// meanwhile.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn lock(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<PromptRow> {
    let n_taken = diesel::update(one(scope, id)).set(prompts::version.eq(prompts::version)).execute(conn)?;
    if n_taken == 1 { get(conn, scope, id) } else { Err(Error::NotFound) }
}

/// Deletes a prompt with its versions. Call [`lock`] first.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<()> {
    diesel::delete(one(scope, id)).execute(conn)?;
    Ok(())
}

/// A prompt.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn get(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<PromptRow> {
    Ok(one(scope, id).select(PromptRow::as_select()).first(conn)?)
}

/// A part of the list, and the number of all rows that match.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope, listing: &Listing) -> Result<(Vec<PromptRow>, i64)> {
    let total = filtered(scope, listing).count().get_result(conn)?;
    let rows = ordered!(filtered(scope, listing), prompts, listing.order)
        .offset(listing.offset)
        .limit(listing.limit)
        .select(PromptRow::as_select())
        .load(conn)?;
    Ok((rows, total))
}

/// The projects of these prompts, by id.
///
/// # Errors
/// The database's.
pub fn projects_of(conn: &mut Conn, scope: OrgScope, ids: &[i64]) -> Result<Vec<ProjectOfPrompt>> {
    Ok(prompt_projects::table
        .inner_join(projects::table)
        .filter(projects::organization_id.eq(scope.id()).and(prompt_projects::prompt_id.eq_any(ids.to_vec())))
        .order((prompt_projects::prompt_id, prompt_projects::project_id))
        .select((prompt_projects::prompt_id, prompt_projects::project_id, projects::title))
        .load(conn)?)
}

/// How many versions each of these prompts has, if it has any.
///
/// # Errors
/// The database's.
pub fn n_versions(conn: &mut Conn, scope: OrgScope, ids: &[i64]) -> Result<Vec<(i64, i64)>> {
    Ok(prompt_versions::table
        .inner_join(prompts::table)
        .filter(prompts::organization_id.eq(scope.id()).and(prompt_versions::prompt_id.eq_any(ids.to_vec())))
        .group_by(prompt_versions::prompt_id)
        .select((prompt_versions::prompt_id, count_star()))
        .load(conn)?)
}

fn filtered(scope: OrgScope, listing: &Listing) -> prompts::BoxedQuery<'static, super::db::MultiBackend> {
    let mut query = prompts::table.filter(prompts::organization_id.eq(scope.id())).into_boxed();
    if let Some(ids) = &listing.ids {
        query = query.filter(prompts::id.eq_any(ids.clone()));
    }
    if let Some(title) = &listing.title {
        query = query.filter(lower(prompts::title).like(contains(title)).escape('\\'));
    }
    for words in &listing.words {
        query = query.filter(prompts::folded.like(contains(words)).escape('\\'));
    }
    query
}

#[diesel::dsl::auto_type(no_type_alias)]
fn one(scope: OrgScope, id: i64) -> _ {
    let organization_id: i64 = scope.id();
    prompts::table.filter(prompts::organization_id.eq(organization_id).and(prompts::id.eq(id)))
}

fn json(texts: Option<&[String]>) -> Result<Option<String>> {
    texts.map(serde_json::to_string).transpose().map_err(Error::internal)
}

fn texts(json: Option<&str>) -> Option<Vec<String>> {
    json.and_then(|json| serde_json::from_str(json).ok())
}

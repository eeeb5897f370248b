//! Projects.

use diesel::prelude::*;

use super::Conn;
use super::listing::{Listing, contains, folded, lower, ordered};
use super::schema::projects;
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::project::ProjectDraft;
use crate::error::{Error, Result};

/// A project as it is stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct ProjectRow {
    /// The id.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// The labeling configuration, in XML.
    pub label_config: String,
    /// Who made it; `None` once that person is gone.
    pub created_by: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

impl ProjectRow {
    /// What somebody can change of it.
    #[must_use]
    pub fn draft(&self) -> ProjectDraft {
        ProjectDraft {
            title: self.title.clone(),
            description: self.description.clone(),
            label_config: self.label_config.clone(),
        }
    }
}

/// Which projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Those whose labeling configuration a prompt can answer.
    SuitingPrompts,
}

/// What is stored of a project beside its draft.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Whether a prompt can answer its labeling configuration.
    pub suits_prompts: bool,
    /// Now.
    pub at: Timestamp,
}

/// Adds a project and answers its id.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, scope: OrgScope, draft: &ProjectDraft, kept: Kept, user_id: i64) -> Result<i64> {
    Ok(diesel::insert_into(projects::table)
        .values((
            projects::organization_id.eq(scope.id()),
            projects::title.eq(&draft.title),
            projects::description.eq(&draft.description),
            projects::label_config.eq(&draft.label_config),
            projects::suits_prompts.eq(kept.suits_prompts),
            projects::folded.eq(folded(&draft.title, draft.description.as_deref())),
            projects::created_by.eq(user_id),
            projects::created_at.eq(kept.at),
            projects::updated_at.eq(kept.at),
        ))
        .returning(projects::id)
        .get_result(conn)?)
}

/// Overwrites a project. Call [`lock`] first.
///
/// # Errors
/// The database's.
pub fn update(conn: &mut Conn, scope: OrgScope, id: i64, draft: &ProjectDraft, kept: Kept) -> Result<()> {
    diesel::update(one(scope, id))
        .set((
            projects::title.eq(&draft.title),
            projects::description.eq(&draft.description),
            projects::label_config.eq(&draft.label_config),
            projects::suits_prompts.eq(kept.suits_prompts),
            projects::folded.eq(folded(&draft.title, draft.description.as_deref())),
            projects::updated_at.eq(kept.at),
            projects::version.eq(projects::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Takes a project until the end of the transaction and answers it as it is then: nobody changes or deletes it
/// meanwhile.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn lock(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<ProjectRow> {
    let n_taken = diesel::update(one(scope, id)).set(projects::version.eq(projects::version)).execute(conn)?;
    if n_taken == 1 { get(conn, scope, id) } else { Err(Error::NotFound) }
}

/// Takes those of these projects that are the organization's until the end of the transaction, and answers their ids.
///
/// # Errors
/// The database's.
pub fn lock_all(conn: &mut Conn, scope: OrgScope, ids: &[i64]) -> Result<Vec<i64>> {
    let mut taken = Vec::new();
    // One after the other and the smallest first, so that two who want the same do not wait for each other.
    for id in ids {
        let n_taken = diesel::update(one(scope, *id)).set(projects::version.eq(projects::version)).execute(conn)?;
        if n_taken == 1 {
            taken.push(*id);
        }
    }
    Ok(taken)
}

/// Deletes a project. Call [`lock`] first.
///
/// # Errors
/// The database's.
pub fn delete(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<()> {
    diesel::delete(one(scope, id)).execute(conn)?;
    Ok(())
}

/// A project.
///
/// # Errors
/// [`Error::NotFound`], also for another organization's; the database's.
pub fn get(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<ProjectRow> {
    Ok(one(scope, id).select(ProjectRow::as_select()).first(conn)?)
}

/// A part of the list, and the number of all rows that match.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope, which: Which, listing: &Listing) -> Result<(Vec<ProjectRow>, i64)> {
    let total = filtered(scope, which, listing).count().get_result(conn)?;
    let rows = ordered!(filtered(scope, which, listing), projects, listing.order)
        .offset(listing.offset)
        .limit(listing.limit)
        .select(ProjectRow::as_select())
        .load(conn)?;
    Ok((rows, total))
}

fn filtered(
    scope: OrgScope,
    which: Which,
    listing: &Listing,
) -> projects::BoxedQuery<'static, super::db::MultiBackend> {
    let mut query = projects::table.filter(projects::organization_id.eq(scope.id())).into_boxed();
    if which == Which::SuitingPrompts {
        query = query.filter(projects::suits_prompts.eq(true));
    }
    if let Some(ids) = &listing.ids {
        query = query.filter(projects::id.eq_any(ids.clone()));
    }
    if let Some(title) = &listing.title {
        query = query.filter(lower(projects::title).like(contains(title)).escape('\\'));
    }
    for words in &listing.words {
        query = query.filter(projects::folded.like(contains(words)).escape('\\'));
    }
    query
}

#[diesel::dsl::auto_type(no_type_alias)]
fn one(scope: OrgScope, id: i64) -> _ {
    let organization_id: i64 = scope.id();
    projects::table.filter(projects::organization_id.eq(organization_id).and(projects::id.eq(id)))
}

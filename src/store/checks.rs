//! The history of checks.

use diesel::prelude::*;

use super::Conn;
use super::connections::require_own;
use super::schema::{checks, connections};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::domain::check::{CheckReport, Step};
use crate::error::{Error, Result};

/// How many checks of a connection are kept.
pub const KEPT_PER_CONNECTION: i64 = 200;

/// A check that was made.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = checks)]
pub struct CheckRow {
    /// The id, growing with time.
    pub id: i64,
    /// Who asked for it; `None` for a scheduled one.
    pub user_id: Option<i64>,
    /// The verdict's slug.
    pub verdict: String,
    /// Our sentence about it.
    pub message: String,
    steps: String,
    /// How many models were found.
    pub n_models: i64,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// When it ended.
    pub created_at: Timestamp,
}

impl CheckRow {
    /// What was tried. Steps that this version cannot read are left out.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        serde_json::from_str(&self.steps).unwrap_or_default()
    }
}

/// Keeps a check, and forgets the oldest beyond [`KEPT_PER_CONNECTION`].
///
/// # Errors
/// [`Error::NotFound`] if the connection is not the organization's; the database's.
pub fn insert(
    conn: &mut Conn,
    scope: OrgScope,
    connection_id: i64,
    user_id: Option<i64>,
    now: Timestamp,
    report: &CheckReport,
) -> Result<()> {
    require_own(conn, scope, connection_id)?;
    diesel::insert_into(checks::table)
        .values((
            checks::connection_id.eq(connection_id),
            checks::user_id.eq(user_id),
            checks::verdict.eq(report.verdict.slug()),
            checks::message.eq(&report.message),
            checks::steps.eq(serde_json::to_string(&report.steps).map_err(Error::internal)?),
            checks::n_models.eq(i64::try_from(report.models.len()).unwrap_or(i64::MAX)),
            checks::took_ms.eq(i64::from(report.took_ms)),
            checks::created_at.eq(now),
        ))
        .execute(conn)?;
    let oldest_kept: Option<i64> = checks::table
        .filter(checks::connection_id.eq(connection_id))
        .order(checks::id.desc())
        .offset(KEPT_PER_CONNECTION - 1)
        .limit(1)
        .select(checks::id)
        .first(conn)
        .optional()?;
    if let Some(oldest_kept) = oldest_kept {
        let older = checks::connection_id.eq(connection_id).and(checks::id.lt(oldest_kept));
        diesel::delete(checks::table.filter(older)).execute(conn)?;
    }
    Ok(())
}

/// The latest checks of a connection, newest first.
///
/// # Errors
/// The database's.
pub fn recent(conn: &mut Conn, scope: OrgScope, connection_id: i64, limit: i64) -> Result<Vec<CheckRow>> {
    Ok(checks::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(connection_id)))
        .order(checks::id.desc())
        .limit(limit)
        .select(CheckRow::as_select())
        .load(conn)?)
}

//! The models of each connection: what its key is offered, and which of them are switched on.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Conn;
use super::connections::require_own;
use super::schema::{connection_models, connections};
use crate::domain::actor::OrgScope;
use crate::domain::check::OfferedModel;
use crate::error::Result;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = connection_models)]
pub struct ModelRow {
    /// The connection.
    pub connection_id: i64,
    /// The id that requests use.
    pub model: String,
    /// Whether the last check that listed models saw it.
    pub offered: bool,
    /// Whether a person wants it in prompts.
    pub enabled: bool,
    /// Most input tokens, if the provider says.
    pub context_window: Option<i64>,
    /// The day it retires, if the provider says.
    pub retires_on: Option<NaiveDate>,
}

/// The models of all connections of the organization.
///
/// # Errors
/// The database's.
pub fn of_organization(conn: &mut Conn, scope: OrgScope) -> Result<Vec<ModelRow>> {
    Ok(connection_models::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()))
        .order((connection_models::connection_id, connection_models::model))
        .select(ModelRow::as_select())
        .load(conn)?)
}

/// The models of one connection.
///
/// # Errors
/// The database's.
pub fn of_connection(conn: &mut Conn, scope: OrgScope, connection_id: i64) -> Result<Vec<ModelRow>> {
    Ok(connection_models::table
        .inner_join(connections::table)
        .filter(connections::organization_id.eq(scope.id()).and(connections::id.eq(connection_id)))
        .order(connection_models::model)
        .select(ModelRow::as_select())
        .load(conn)?)
}

/// Records what a check was offered. New models are switched on if `is_wanted` says so; the switches of those
/// already known stay. What is no longer offered is kept, so that its switch is remembered.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) if the connection is not the organization's; the database's.
pub fn record_offered(
    conn: &mut Conn,
    scope: OrgScope,
    connection_id: i64,
    offered: &[OfferedModel],
    is_wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    require_own(conn, scope, connection_id)?;
    let known: BTreeMap<String, ModelRow> =
        of_connection(conn, scope, connection_id)?.into_iter().map(|row| (row.model.clone(), row)).collect();
    let now: BTreeMap<&str, &OfferedModel> = offered.iter().map(|model| (model.id.as_str(), model)).collect();
    for row in known.values().filter(|row| row.offered && !now.contains_key(row.model.as_str())) {
        diesel::update(connection_models::table.find((connection_id, &row.model)))
            .set(connection_models::offered.eq(false))
            .execute(conn)?;
    }
    for model in now.values() {
        let row = ModelRow {
            connection_id,
            model: model.id.clone(),
            offered: true,
            enabled: known.get(&model.id).map_or_else(|| is_wanted(&model.id), |row| row.enabled),
            context_window: model.context_window,
            retires_on: model.retires_on.as_deref().and_then(|day| day.parse().ok()),
        };
        match known.get(&model.id) {
            Some(same) if *same == row => {}
            Some(_) => {
                diesel::update(connection_models::table.find((connection_id, &row.model))).set(&row).execute(conn)?;
            }
            None => {
                diesel::insert_into(connection_models::table).values(&row).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Records the models of a connection that was saved without a check: those that it names itself. What is known
/// from earlier checks stays.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) if the connection is not the organization's; the database's.
pub fn record_named(conn: &mut Conn, scope: OrgScope, connection_id: i64, named: &[OfferedModel]) -> Result<()> {
    if named.is_empty() { Ok(()) } else { record_offered(conn, scope, connection_id, named, |_| true) }
}

/// Forgets the models of a connection that is for another one now.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound) if the connection is not the organization's; the database's.
pub fn forget(conn: &mut Conn, scope: OrgScope, connection_id: i64) -> Result<()> {
    require_own(conn, scope, connection_id)?;
    diesel::delete(connection_models::table.filter(connection_models::connection_id.eq(connection_id)))
        .execute(conn)?;
    Ok(())
}

/// Switches exactly these models of a connection on, and the others off. Answers the names that changed, first
/// those now on, then those now off.
///
/// # Errors
/// The database's.
pub fn switch(
    conn: &mut Conn,
    scope: OrgScope,
    connection_id: i64,
    enabled: &[String],
) -> Result<(Vec<String>, Vec<String>)> {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for row in of_connection(conn, scope, connection_id)? {
        let wanted = enabled.contains(&row.model);
        if wanted == row.enabled {
            continue;
        }
        diesel::update(connection_models::table.find((connection_id, &row.model)))
            .set(connection_models::enabled.eq(wanted))
            .execute(conn)?;
        if wanted { on.push(row.model) } else { off.push(row.model) }
    }
    Ok((on, off))
}

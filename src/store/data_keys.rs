//! Data keys, wrapped by the master key: one for each organization and one of the installation's own.

use diesel::prelude::*;

use super::schema::data_keys;
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::Result;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys)]
pub struct DataKeyRow {
    /// A random id.
    pub id: i64,
    owner: String,
    /// Whose key; `None` for the installation's own.
    pub organization_id: Option<i64>,
    /// The master key that wraps it.
    pub master_key_id: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl DataKeyRow {
    /// A row to be stored.
    #[must_use]
    pub fn new(
        id: i64,
        organization_id: Option<i64>,
        master_key_id: String,
        wrapped: Vec<u8>,
        created_at: Timestamp,
    ) -> Self {
        let owner = organization_id.map_or_else(|| "installation".into(), |id| format!("organization {id}"));
        Self { id, owner, organization_id, master_key_id, wrapped, created_at }
    }
}

/// The organization's key.
///
/// # Errors
/// The database's.
pub fn of_organization(conn: &mut Conn, scope: OrgScope) -> Result<Option<DataKeyRow>> {
    Ok(data_keys::table
        .filter(data_keys::organization_id.eq(scope.id()))
        .select(DataKeyRow::as_select())
        .first(conn)
        .optional()?)
}

/// The installation's own key.
///
/// # Errors
/// The database's.
pub fn of_installation(conn: &mut Conn) -> Result<Option<DataKeyRow>> {
    Ok(data_keys::table
        .filter(data_keys::organization_id.is_null())
        .select(DataKeyRow::as_select())
        .first(conn)
        .optional()?)
}

/// All keys, for rotation.
///
/// # Errors
/// The database's.
pub fn all(conn: &mut Conn) -> Result<Vec<DataKeyRow>> {
    Ok(data_keys::table.order(data_keys::id).select(DataKeyRow::as_select()).load(conn)?)
}

/// The ids of all master keys that rows name.
///
/// # Errors
/// The database's.
pub fn master_key_ids(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(data_keys::table.select(data_keys::master_key_id).distinct().load(conn)?)
}

/// Stores a key, unless its owner already has one: two first starts, or two first keys of an organization, may
/// race. Read it again afterwards.
///
/// # Errors
/// The database's.
pub fn insert_first(conn: &mut Conn, row: &DataKeyRow) -> Result<()> {
    // PostgreSQL spoils the whole transaction at an error, so the insert gets a savepoint.
    match conn.transaction(|conn| diesel::insert_into(data_keys::table).values(row).execute(conn)) {
        Ok(_) => Ok(()),
        Err(error) if is_taken(&error, "data_keys", &["owner"]) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Puts a newly wrapped key in the place of an old wrapping, if nobody did so before.
///
/// # Errors
/// The database's.
pub fn rewrap(conn: &mut Conn, row: &DataKeyRow, old_master_key_id: &str) -> Result<bool> {
    let changed = diesel::update(data_keys::table.find(row.id).filter(data_keys::master_key_id.eq(old_master_key_id)))
        .set((data_keys::master_key_id.eq(&row.master_key_id), data_keys::wrapped.eq(&row.wrapped)))
        .execute(conn)?;
    Ok(changed == 1)
}

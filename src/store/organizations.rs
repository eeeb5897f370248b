//! Organizations.

use diesel::prelude::*;

use super::Conn;
use super::audit::FIRST_MAC;
use super::schema::{data_keys, organizations};
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::Result;

/// Adds an organization and answers its id.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, name: &str, now: Timestamp) -> Result<i64> {
    Ok(diesel::insert_into(organizations::table)
        .values((
            organizations::name.eq(name),
            organizations::audit_mac.eq(FIRST_MAC.to_vec()),
            organizations::created_at.eq(now),
        ))
        .returning(organizations::id)
        .get_result(conn)?)
}

/// Every organization's id, oldest first.
///
/// # Errors
/// The database's.
pub fn ids(conn: &mut Conn) -> Result<Vec<i64>> {
    Ok(organizations::table.order(organizations::id).select(organizations::id).load(conn)?)
}

/// The organization's name.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn name(conn: &mut Conn, scope: OrgScope) -> Result<String> {
    Ok(organizations::table.find(scope.id()).select(organizations::name).first(conn)?)
}

/// When the organization was founded.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn created_at(conn: &mut Conn, scope: OrgScope) -> Result<Timestamp> {
    Ok(organizations::table.find(scope.id()).select(organizations::created_at).first(conn)?)
}

/// A number that grows with every change that the base-model dropdown shows. One indexed read, so that every
/// replica can ask before it answers from memory.
///
/// # Errors
/// The database's.
pub fn models_version(conn: &mut Conn, scope: OrgScope) -> Result<i64> {
    Ok(organizations::table.find(scope.id()).select(organizations::models_version).first(conn)?)
}

/// Says that the dropdown changed. Call it in the transaction of the change.
///
/// # Errors
/// The database's.
pub fn bump_models_version(conn: &mut Conn, scope: OrgScope) -> Result<()> {
    diesel::update(organizations::table.find(scope.id()))
        .set(organizations::models_version.eq(organizations::models_version + 1))
        .execute(conn)?;
    Ok(())
}

/// Makes whoever founds an organization wait for whoever does so at the same time. The installation's own data key
/// is the one row that exists before any organization.
///
/// # Errors
/// The database's.
pub fn lock_installation(conn: &mut Conn) -> Result<()> {
    diesel::update(data_keys::table.filter(data_keys::organization_id.is_null()))
        .set(data_keys::master_key_id.eq(data_keys::master_key_id))
        .execute(conn)?;
    Ok(())
}

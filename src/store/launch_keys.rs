//! The keys with which host products sign their launches.

use diesel::prelude::*;

use super::Conn;
use super::schema::launch_keys;
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::Result;

/// A key.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = launch_keys)]
pub struct LaunchKeyRow {
    /// The id.
    pub id: i64,
    /// The organization.
    pub organization_id: i64,
    /// What a launch names it by.
    pub kid: String,
    /// `HS256` or `EdDSA`.
    pub algorithm: String,
    /// The public key's 32 bytes; `None` for a shared key.
    pub public_key: Option<Vec<u8>>,
    /// Who added it.
    pub created_by: Option<i64>,
    /// When.
    pub created_at: Timestamp,
    /// When it last signed a launch that was let in.
    pub last_used_at: Option<Timestamp>,
}

/// A key to be added.
#[derive(Clone, Debug)]
pub struct NewLaunchKey {
    /// What launches name it by.
    pub kid: String,
    /// `HS256` or `EdDSA`.
    pub algorithm: &'static str,
    /// The public key's 32 bytes; `None` for a shared key.
    pub public_key: Option<Vec<u8>>,
    /// Who adds it.
    pub created_by: i64,
}

/// The key of that name, whosever it is: nobody has shown yet who they are.
///
/// # Errors
/// The database's.
pub fn by_kid(conn: &mut Conn, kid: &str) -> Result<Option<LaunchKeyRow>> {
    Ok(launch_keys::table.filter(launch_keys::kid.eq(kid)).select(LaunchKeyRow::as_select()).first(conn).optional()?)
}

/// The organization's keys, oldest first.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, scope: OrgScope) -> Result<Vec<LaunchKeyRow>> {
    Ok(launch_keys::table
        .filter(launch_keys::organization_id.eq(scope.id()))
        .order(launch_keys::id)
        .select(LaunchKeyRow::as_select())
        .load(conn)?)
}

/// Adds a key.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut Conn, scope: OrgScope, key: &NewLaunchKey, now: Timestamp) -> Result<()> {
    diesel::insert_into(launch_keys::table)
        .values((
            launch_keys::organization_id.eq(scope.id()),
            launch_keys::kid.eq(&key.kid),
            launch_keys::algorithm.eq(key.algorithm),
            launch_keys::public_key.eq(&key.public_key),
            launch_keys::created_by.eq(key.created_by),
            launch_keys::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Deletes a key and answers its name.
///
/// # Errors
/// [`Error::NotFound`](crate::error::Error::NotFound); the database's.
pub fn delete(conn: &mut Conn, scope: OrgScope, id: i64) -> Result<String> {
    let key = launch_keys::table.filter(launch_keys::organization_id.eq(scope.id()).and(launch_keys::id.eq(id)));
    Ok(diesel::delete(key).returning(launch_keys::kid).get_result(conn)?)
}

/// Notes that a key is used.
///
/// # Errors
/// The database's.
pub fn touch(conn: &mut Conn, id: i64, now: Timestamp) -> Result<()> {
    diesel::update(launch_keys::table.find(id)).set(launch_keys::last_used_at.eq(now)).execute(conn)?;
    Ok(())
}

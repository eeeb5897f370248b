//! Secrets of a form that could not be saved yet: sealed, for ten minutes, for one session and one form.

use diesel::prelude::*;

use super::Conn;
use super::schema::held_secrets;
use crate::clock::Timestamp;
use crate::domain::actor::OrgScope;
use crate::error::Result;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = held_secrets)]
pub struct HeldSecretRow {
    /// A random id.
    pub id: String,
    /// The organization.
    pub organization_id: i64,
    /// SHA-256 of the session's key.
    pub session_hash: Vec<u8>,
    /// The form's random id.
    pub form: String,
    /// The secret field.
    pub field: String,
    /// What it is sealed for.
    pub destination: String,
    /// The data key that seals it.
    pub data_key_id: i64,
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Its last four characters, if they may be shown.
    pub tail: Option<String>,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// Keeps a secret, in the place of an older one of the same field of the same form.
///
/// # Errors
/// The database's.
pub fn keep(conn: &mut Conn, row: &HeldSecretRow) -> Result<()> {
    let same = held_secrets::session_hash
        .eq(&row.session_hash)
        .and(held_secrets::form.eq(&row.form))
        .and(held_secrets::field.eq(&row.field));
    diesel::delete(held_secrets::table.filter(same)).execute(conn)?;
    diesel::insert_into(held_secrets::table).values(row).execute(conn)?;
    Ok(())
}

/// What is held for a form and has not expired.
///
/// # Errors
/// The database's.
pub fn of_form(
    conn: &mut Conn,
    scope: OrgScope,
    session_hash: &[u8],
    form: &str,
    now: Timestamp,
) -> Result<Vec<HeldSecretRow>> {
    Ok(held_secrets::table
        .filter(held_secrets::organization_id.eq(scope.id()))
        .filter(held_secrets::session_hash.eq(session_hash).and(held_secrets::form.eq(form)))
        .filter(held_secrets::expires_at.gt(now))
        .select(HeldSecretRow::as_select())
        .load(conn)?)
}

/// Forgets what is held for a form.
///
/// # Errors
/// The database's.
pub fn forget(conn: &mut Conn, scope: OrgScope, session_hash: &[u8], form: &str) -> Result<()> {
    let of_form = held_secrets::session_hash.eq(session_hash).and(held_secrets::form.eq(form));
    diesel::delete(held_secrets::table.filter(held_secrets::organization_id.eq(scope.id())).filter(of_form))
        .execute(conn)?;
    Ok(())
}

/// Deletes what has expired.
///
/// # Errors
/// The database's.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    Ok(diesel::delete(held_secrets::table.filter(held_secrets::expires_at.le(now))).execute(conn)?)
}

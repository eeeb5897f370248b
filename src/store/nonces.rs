//! What works once and was used: launches and tickets. Kept until they would have expired anyway.

use diesel::prelude::*;

use super::schema::used_nonces;
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::error::Result;

/// Uses a nonce up; false if somebody has done so before.
///
/// # Errors
/// The database's.
pub fn use_up(conn: &mut Conn, nonce_hash: &[u8], expires_at: Timestamp) -> Result<bool> {
    let values = (used_nonces::nonce_hash.eq(nonce_hash), used_nonces::expires_at.eq(expires_at));
    // PostgreSQL spoils the whole transaction at an error, so the insert gets a savepoint.
    match conn.transaction(|conn| diesel::insert_into(used_nonces::table).values(values).execute(conn)) {
        Ok(_) => Ok(true),
        Err(error) if is_taken(&error, "used_nonces", &["nonce_hash"]) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Forgets those that have expired.
///
/// # Errors
/// The database's.
pub fn delete_expired(conn: &mut Conn, now: Timestamp) -> Result<usize> {
    Ok(diesel::delete(used_nonces::table.filter(used_nonces::expires_at.le(now))).execute(conn)?)
}

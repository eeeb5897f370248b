//! Leases: which replica does a job, and until when.

use diesel::prelude::*;

use super::schema::leases;
use super::{Conn, is_taken};
use crate::clock::Timestamp;
use crate::error::Result;

/// Takes or renews the lease of a job: true if this holder has it until `until`.
///
/// # Errors
/// The database's.
pub fn take(conn: &mut Conn, job: &str, holder: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
    let free_or_ours = leases::held_until.le(now).or(leases::holder.eq(holder));
    let renewed = diesel::update(leases::table.find(job).filter(free_or_ours))
        .set((leases::holder.eq(holder), leases::held_until.eq(until)))
        .execute(conn)?;
    if renewed == 1 {
        return Ok(true);
    }
    let first = (leases::job.eq(job), leases::holder.eq(holder), leases::held_until.eq(until));
    match conn.transaction(|conn| diesel::insert_into(leases::table).values(first).execute(conn)) {
        Ok(_) => Ok(true),
        Err(error) if is_taken(&error, "leases", &["job"]) || is_primary_key_taken(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// PostgreSQL calls a primary key's constraint `leases_pkey`.
fn is_primary_key_taken(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info)
        if info.constraint_name() == Some("leases_pkey"))
}
